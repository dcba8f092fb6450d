//! Times of freezes: of a day, or once.

use jiff::Timestamp;
use jiff::civil::Time;

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Keyword, Leaf};

/// When a freeze begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Moment {
    /// Every day at that time.
    Daily(Time),
    /// Then.
    Once(Timestamp),
}

/// How far a clock is ahead of UTC, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct ClockOffset(pub(in crate::config) i32);

/// A day of the week, counted from Monday as 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Day(pub(in crate::config) i8);

fn bad(what: &str) -> Complaint {
    Complaint::about(ProblemCode::InvalidValue, what)
}

/// Hours and minutes: `18:00`.
fn hours(text: &str) -> Option<(i8, i8)> {
    let (hours, minutes) = text.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?;
    Some((number(hours)?, number(minutes)?))
}

impl Leaf for Moment {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let daily = hours(text).and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
        let once = || text.parse::<Timestamp>().ok();
        daily
            .map(Self::Daily)
            .or_else(|| once().map(Self::Once))
            .ok_or_else(|| bad("is not a time").hint("write `18:00` for every day, or `2026-12-24T00:00:00Z` for once"))
    }

    fn accepts() -> Accepts {
        Accepts::text("^([0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+)$")
    }
}

impl Leaf for ClockOffset {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let sign = match text.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => 0,
        };
        let parsed = text.get(1..).and_then(hours).filter(|(hour, minute)| sign != 0 && *hour < 15 && *minute < 60);
        let seconds = parsed.map(|(hour, minute)| sign * (i32::from(hour) * 3600 + i32::from(minute) * 60));
        seconds.map(Self).ok_or_else(|| bad("is not an offset from UTC").hint("write it as `+01:00`"))
    }

    fn accepts() -> Accepts {
        Accepts::text("^[-+][0-9]{2}:[0-9]{2}$")
    }
}

impl Keyword for Day {
    const WHAT: &'static str = "a day of the week";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("mon", Self(1)),
        ("tue", Self(2)),
        ("wed", Self(3)),
        ("thu", Self(4)),
        ("fri", Self(5)),
        ("sat", Self(6)),
        ("sun", Self(7)),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_of_every_day_or_once() {
        assert_eq!(Moment::parse("18:30"), Ok(Moment::Daily(jiff::civil::time(18, 30, 0, 0))));
        assert!(matches!(Moment::parse("2026-12-24T00:00:00Z"), Ok(Moment::Once(_))));
        assert_eq!(ClockOffset::parse("-05:30"), Ok(ClockOffset(-19_800)));
        for text in ["", "24:00", "6:00", "18", "18:60", "tomorrow", "+1:00"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
        for text in ["", "01:00", "+1", "+15:00", "é1:00"] {
            assert!(ClockOffset::parse(text).is_err(), "{text}");
        }
    }
}
