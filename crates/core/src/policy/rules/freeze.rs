//! Freeze windows: times in which nothing goes back without a person.

use std::collections::BTreeSet;

use jiff::civil::{Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};
use serde::Serialize;

use crate::policy::Severity;

/// A time in which an automatic rollback is left to a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Freeze {
    /// What it is called.
    pub name: String,
    /// When it is.
    pub span: FreezeSpan,
    /// Severities that are not held up by it.
    pub except: BTreeSet<Severity>,
}

/// When a freeze is, or when somebody may be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FreezeSpan {
    /// Once.
    Once {
        /// From then on.
        from: Timestamp,
        /// Until before then.
        until: Timestamp,
    },
    /// Again and again.
    Weekly {
        /// The days on which it begins, counted from Monday as 1; empty is every day.
        days: BTreeSet<i8>,
        /// When it begins.
        from: Time,
        /// When it ends: on the next day, where that is not later than `from`.
        until: Time,
        /// How far the clock that it is written for is ahead of UTC, in seconds.
        offset_s: i32,
    },
}

impl Freeze {
    /// Whether it holds a case of this severity up now.
    #[must_use]
    pub fn holds_up(&self, severity: Severity, now: Timestamp) -> bool {
        !self.except.contains(&severity) && self.is_on(now)
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.span.is_on(now)
    }
}

impl FreezeSpan {
    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self, now: Timestamp) -> bool {
        match self {
            FreezeSpan::Once { from, until } => *from <= now && now < *until,
            FreezeSpan::Weekly { days, from, until, offset_s } => {
                let offset = Offset::from_seconds(*offset_s).unwrap_or(Offset::UTC);
                let local = now.to_zoned(TimeZone::fixed(offset)).datetime();
                let begins_on = |day: Weekday| days.is_empty() || days.contains(&day.to_monday_one_offset());
                let (today, time) = (local.weekday(), local.time());
                if from < until {
                    begins_on(today) && *from <= time && time < *until
                } else {
                    (begins_on(today) && *from <= time) || (begins_on(today.previous()) && time < *until)
                }
            }
        }
    }

    /// The first moment from `at` on at which it is on; none where it never is again.
    #[must_use]
    pub fn next_on(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_on(at) {
            return Some(at);
        }
        match self {
            FreezeSpan::Once { from, .. } => Some(*from).filter(|from| *from > at),
            FreezeSpan::Weekly { from, offset_s, .. } => {
                let zone = TimeZone::fixed(Offset::from_seconds(*offset_s).unwrap_or(Offset::UTC));
                let today = at.to_zoned(zone.clone()).date();
                let begins = |days: i32| {
                    let day = today.checked_add(Span::new().days(days)).ok()?;
                    Some(day.to_datetime(*from).to_zoned(zone.clone()).ok()?.timestamp())
                };
                // A week on, every day has had its turn.
                (0..=7).filter_map(begins).find(|begin| *begin >= at && self.is_on(*begin))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_that_begins_on_friday_ends_on_saturday_morning_by_its_own_clock() {
        let span =
            FreezeSpan::Weekly { days: [5].into(), from: time(18, 0, 0, 0), until: time(6, 0, 0, 0), offset_s: 3600 };
        let freeze = Freeze { name: "night".to_owned(), span, except: [Severity::P0].into() };
        for (now, is_on) in [
            ("2026-11-20T16:59:59Z", false),
            ("2026-11-20T17:00:00Z", true),
            ("2026-11-21T04:59:59Z", true),
            ("2026-11-21T05:00:00Z", false),
            ("2026-11-21T17:00:00Z", false),
            ("2026-11-20T04:00:00Z", false),
        ] {
            assert_eq!(freeze.is_on(at(now)), is_on, "{now}");
        }
        assert!(freeze.holds_up(Severity::P1, at("2026-11-20T20:00:00Z")));
        assert!(!freeze.holds_up(Severity::P0, at("2026-11-20T20:00:00Z")));
    }

    #[test]
    fn what_is_off_is_on_again_at_its_next_beginning_by_its_own_clock() {
        let office = FreezeSpan::Weekly {
            days: [1, 2, 3, 4, 5].into(),
            from: time(9, 0, 0, 0),
            until: time(17, 0, 0, 0),
            offset_s: 3600,
        };
        for (now, next) in [
            ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00Z"),
            ("2026-11-20T06:00:00Z", "2026-11-20T08:00:00Z"),
            ("2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-22T23:30:00Z", "2026-11-23T08:00:00Z"),
        ] {
            assert_eq!(office.next_on(at(now)), Some(at(next)), "{now}");
        }
        let once = FreezeSpan::Once { from: at("2026-12-24T00:00:00Z"), until: at("2027-01-02T00:00:00Z") };
        assert_eq!(once.next_on(at("2026-12-01T00:00:00Z")), Some(at("2026-12-24T00:00:00Z")));
        assert_eq!(once.next_on(at("2027-01-02T00:00:00Z")), None);
    }

    #[test]
    fn a_span_is_on_from_its_first_second_to_before_its_last() {
        let span = FreezeSpan::Once { from: at("2026-12-24T00:00:00Z"), until: at("2027-01-02T00:00:00Z") };
        let freeze = Freeze { name: "holidays".to_owned(), span, except: BTreeSet::new() };
        assert!(freeze.is_on(at("2026-12-24T00:00:00Z")) && freeze.is_on(at("2027-01-01T23:59:59Z")));
        assert!(!freeze.is_on(at("2026-12-23T23:59:59Z")) && !freeze.is_on(at("2027-01-02T00:00:00Z")));
    }
}
