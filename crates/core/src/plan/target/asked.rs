//! What was asked for, and what is known to answer it from.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::id::ServiceName;
use crate::inventory::Fact;

/// The word for the good checkpoint before what runs.
const PREVIOUS: &str = "previous";

/// A commit is known by so many of its digits, or more.
const FEWEST_DIGITS: usize = 7;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The words.
    pub typed: &'a str,
    /// The services that go back; empty is all. What others ran does not count.
    pub services: &'a BTreeSet<ServiceName>,
    /// The time.
    pub now: Timestamp,
    /// The zone that a time without one is meant in.
    pub zone: TimeZone,
    /// What runs; only [`Asked::needs_facts`] asks for it.
    pub facts: &'a [Fact],
    /// What git says of the words, work tree by work tree.
    pub lines: &'a [Line],
}

/// What git says that words stand for: a commit, and those that it was built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The service whose work tree it is; `None` for the folder of the configuration.
    pub service: Option<ServiceName>,
    /// Each commit with its tree, the one that is meant first.
    pub commits: Vec<(String, String)>,
    /// What is checked out.
    pub head: String,
}

impl<'a> Asked<'a> {
    /// Words, as yet without anything that has to be looked at.
    #[must_use]
    pub fn new(typed: &'a str, services: &'a BTreeSet<ServiceName>, now: Timestamp, zone: TimeZone) -> Self {
        Self { typed: typed.trim(), services, now, zone, facts: &[], lines: &[] }
    }

    /// Whether it is a matter of what runs now.
    #[must_use]
    pub fn needs_facts(&self) -> bool {
        self.typed == PREVIOUS
    }

    /// Whether it counts commits, and so may lead to one that nothing was ever deployed from.
    pub(super) fn counts_commits(&self) -> bool {
        let head = self.typed.strip_prefix("HEAD").or_else(|| self.typed.strip_prefix('@'));
        self.typed.contains(['~', '^']) || head == Some("")
    }

    /// Whether only git can say what it stands for.
    #[must_use]
    pub fn needs_git(&self) -> bool {
        self.counts_commits() || matches!(self.typed, "HEAD" | "@")
    }

    /// The moment that is meant, where it is one: so long ago, or a time, which is in the zone where it says none.
    pub(super) fn moment(&self) -> Option<Timestamp> {
        let ago = || {
            let span: Span = self.typed.ends_with(" ago").then(|| self.typed.parse().ok())??;
            self.now.checked_add(span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?).ok()
        };
        let here = || {
            let written: DateTime = self.typed.contains(':').then(|| self.typed.parse().ok())??;
            written.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp())
        };
        self.typed.parse().ok().or_else(here).or_else(ago)
    }

    /// The revision that is meant, where it is a number.
    pub(super) fn revision(&self) -> Option<u64> {
        self.typed.parse().ok()
    }

    /// The beginning of a commit, where it may be one.
    pub(super) fn commit(&self) -> Option<&'a str> {
        let is_hexadecimal = self.typed.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hexadecimal && self.typed.len() >= FEWEST_DIGITS).then_some(self.typed)
    }

    /// Whether what this service ran counts.
    pub(super) fn is_about(&self, service: &ServiceName) -> bool {
        self.services.is_empty() || self.services.contains(service)
    }
}
