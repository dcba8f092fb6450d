//! Durations: `500ms`, `30s`, `1.5s`, `5m`, `1h30m`, `14d`.

use std::time::Duration;

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// Longest first where one unit begins another.
const UNITS: [(&str, u128); 5] = [
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

const LIMIT: Duration = Duration::from_secs(3660 * 86_400);

/// A duration that is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Period(pub(in crate::config) Duration);

fn bad(what: &str) -> Complaint {
    Complaint::about(ProblemCode::InvalidDuration, what)
}

impl Leaf for Duration {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let usage = "write a number with its unit: `500ms`, `30s`, `5m`, `1h30m`";
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            let hint = format!("add the unit: `{text}s`, `{text}ms`, `{text}m`");
            return Err(bad("is a duration without a unit").hint(hint));
        }
        match nanoseconds(text) {
            None => Err(bad("is not a duration").hint(usage)),
            Some(nanos) => match u64::try_from(nanos).map(Duration::from_nanos) {
                Ok(duration) if duration <= LIMIT => Ok(duration),
                _ => Err(bad("is longer than ten years")),
            },
        }
    }

    fn accepts() -> Accepts {
        Accepts::text(r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$")
    }
}

impl Leaf for Period {
    fn parse(text: &str) -> Result<Self, Complaint> {
        match Duration::parse(text)? {
            Duration::ZERO => Err(bad("must be longer than zero")),
            duration => Ok(Self(duration)),
        }
    }

    fn accepts() -> Accepts {
        Duration::accepts()
    }
}

/// The sum of all parts; `None` if there is no part, or a part is not a number with a unit.
fn nanoseconds(text: &str) -> Option<u128> {
    let mut rest = text;
    let mut sum: u128 = 0;
    while !rest.is_empty() || text.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let (unit, nanos) = UNITS.iter().find(|(unit, _)| tail.starts_with(unit))?;
        sum = sum.checked_add(part(number, *nanos)?)?;
        rest = tail.get(unit.len()..)?;
    }
    Some(sum)
}

/// One part; at most nine digits on either side of the point.
fn part(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_bounded = |digits: &str| (1..=9).contains(&digits.len());
    if !is_bounded(whole) || !is_bounded(fraction) {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some(whole.parse::<u128>().ok()? * unit + fraction.parse::<u128>().ok()? * unit / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let read = |text| Duration::parse(text).unwrap();
        assert_eq!(read("500ms"), Duration::from_millis(500));
        assert_eq!(read("1h30m"), Duration::from_secs(5400));
        assert_eq!(read("1.5s"), Duration::from_millis(1500));
        assert_eq!(read("0s"), Duration::ZERO);
        assert_eq!(read("14d"), Duration::from_secs(14 * 86_400));
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in
            ["", "s", "5", "5 s", "1.s", ".5s", "1..5s", "-5s", "5sec", "9999999999s", "999999999d", "5s3", "1é"]
        {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
        assert!(Period::parse("0ms").is_err());
    }
}
