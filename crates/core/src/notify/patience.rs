//! How long somebody who cannot be reached is tried.

use std::time::Duration;

use jiff::Timestamp;

/// After this a notice is given up: who reads it a day later learns nothing.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(300);

/// When a notice that failed at `now`, for the `attempt`-th time counted from 1, is tried again; `None` when it is given up.
/// Waits double up to five minutes. `asked` is what the service asks for, and is kept up to an hour.
#[must_use]
pub fn next_try(created: Timestamp, now: Timestamp, attempt: u32, asked: Option<Duration>) -> Option<Timestamp> {
    let doubled = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
    let wait = asked.map_or(doubled, |asked| asked.min(Duration::from_secs(3600)).max(doubled));
    let next = now.checked_add(wait).ok()?;
    let end = created.checked_add(GIVE_UP_AFTER).ok()?;
    (next <= end).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn waits_double_up_to_five_minutes_and_end_after_a_day() {
        let waits: Vec<i64> = [1, 2, 3, 9, 10, 40]
            .map(|attempt| next_try(at(0), at(100), attempt, None).unwrap().as_second() - 100)
            .into();
        assert_eq!(waits, [1, 2, 4, 256, 300, 300]);
        assert_eq!(next_try(at(0), at(86_399), 1, None), Some(at(86_400)));
        assert_eq!(next_try(at(0), at(86_400), 1, None), None);
    }

    #[test]
    fn a_service_that_asks_for_time_gets_it_within_reason() {
        assert_eq!(next_try(at(0), at(0), 1, Some(Duration::from_secs(30))), Some(at(30)));
        assert_eq!(next_try(at(0), at(0), 1, Some(Duration::from_secs(90_000))), Some(at(3600)));
        assert_eq!(next_try(at(0), at(0), 4, Some(Duration::ZERO)), Some(at(8)));
    }
}
