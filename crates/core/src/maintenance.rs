//! Maintenance mode, as the journal tells it.
//!
//! Contract: how everything was before it was switched on is kept from the first time until it was switched off and seen to
//! be. Whatever is done in between (switched on once more, by another process, after a kill) adds what was not kept yet, and
//! never replaces what was: so `off` restores what there was, and not what `on` made of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::{Body, Former, MaintenanceOutcome, MaintenanceSwitch, Record};

/// The kinds of records that [`standing`] needs.
pub const KINDS: [&str; 2] = ["maintenance_intended", "maintenance_ended"];

/// Whether maintenance mode is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is off, and everything is as it was.
    #[default]
    Off,
    /// It is on, and was seen to be.
    On,
    /// It was begun to be switched and not ended, or not everything could be.
    Partly,
}

/// How maintenance mode stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Standing {
    /// Whether it is on.
    pub mode: Mode,
    /// Since when it is not off.
    pub since: Option<Timestamp>,
    /// Who switched it last.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What could not be done, and what was seen of the rest, the last time.
    pub notes: Vec<String>,
    /// How everything was before, by name.
    #[serde(skip)]
    pub kept: BTreeMap<String, Former>,
}

/// How it stands after these records, oldest first, of [`KINDS`] at least.
///
/// | record             | mode   | what is kept                         |
/// |--------------------|--------|--------------------------------------|
/// | on is intended     | partly | what was, and what is new            |
/// | on is done         | on     | as it was                            |
/// | off is intended    | partly | as it was                            |
/// | off is done        | off    | nothing                              |
/// | either has failed  | partly | as it was                            |
#[must_use]
pub fn standing(records: &[Record]) -> Standing {
    records.iter().fold(Standing::default(), |standing, record| match &record.body {
        Body::MaintenanceIntended { switch } => standing.intended(switch, record.at),
        Body::MaintenanceEnded { on, outcome } => standing.ended(*on, outcome),
        _ => standing,
    })
}

impl Standing {
    fn intended(self, switch: &MaintenanceSwitch, at: Timestamp) -> Self {
        let mut kept = if switch.on { switch.kept.clone() } else { BTreeMap::new() };
        kept.extend(self.kept);
        Self {
            mode: Mode::Partly,
            since: self.since.or(Some(at)),
            by: Some(switch.by.clone()),
            reason: switch.reason.clone(),
            notes: Vec::new(),
            kept,
        }
    }

    fn ended(self, on: bool, outcome: &MaintenanceOutcome) -> Self {
        match outcome {
            MaintenanceOutcome::Done { .. } if !on => Self::default(),
            MaintenanceOutcome::Done { seen } => Self { mode: Mode::On, notes: seen.clone(), ..self },
            MaintenanceOutcome::Failed { seen, why } => {
                Self { mode: Mode::Partly, notes: why.iter().chain(seen).cloned().collect(), ..self }
            }
        }
    }

    /// In a line, for a person; nothing where it is off.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let what = match self.mode {
            Mode::Off => return None,
            Mode::On => "maintenance mode is on",
            Mode::Partly => "maintenance mode is switched only in part",
        };
        let by = self.by.as_deref().map(|by| format!(", by {by}")).unwrap_or_default();
        let reason = self.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("{what}{by}{reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Digest, EnvironmentName};

    fn records(bodies: Vec<Body>) -> Vec<Record> {
        let record = |(seq, body)| Record {
            seq,
            format: 1,
            at: Timestamp::from_second(seq).unwrap(),
            environment: EnvironmentName::new("staging").unwrap(),
            run: None,
            body,
            hash: Digest::of(b""),
        };
        (1..).zip(bodies).map(record).collect()
    }

    fn intended(on: bool, kept: &[(&str, Former)]) -> Body {
        let kept = kept.iter().map(|(name, former)| ((*name).to_owned(), former.clone())).collect();
        let switch = MaintenanceSwitch { on, by: "anna".to_owned(), reason: None, is_automatic: false, kept };
        Body::MaintenanceIntended { switch: Box::new(switch) }
    }

    fn done(on: bool) -> Body {
        Body::MaintenanceEnded { on, outcome: MaintenanceOutcome::Done { seen: Vec::new() } }
    }

    fn failed(on: bool) -> Body {
        let why = vec!["nginx is down".to_owned()];
        Body::MaintenanceEnded { on, outcome: MaintenanceOutcome::Failed { seen: Vec::new(), why } }
    }

    fn link(to: &str) -> Former {
        Former::Link { to: to.to_owned() }
    }

    #[test]
    fn what_was_kept_first_is_what_off_restores() {
        let again = [("a", link("page")), ("b", Former::Absent)];
        let told = records(vec![intended(true, &[("a", link("live"))]), intended(true, &again), done(true)]);
        let standing = standing(&told);
        assert_eq!((standing.mode, standing.since), (Mode::On, Some(Timestamp::from_second(1).unwrap())));
        assert_eq!(standing.kept, [("a".to_owned(), link("live")), ("b".to_owned(), Former::Absent)].into());
    }

    #[test]
    fn it_is_off_only_once_off_was_done() {
        let mut bodies = vec![intended(true, &[("a", Former::Absent)]), done(true), intended(false, &[])];
        assert_eq!(standing(&records(bodies.clone())).mode, Mode::Partly);
        bodies.push(failed(false));
        let partly = standing(&records(bodies.clone()));
        assert_eq!((partly.mode, partly.kept.len()), (Mode::Partly, 1));
        assert_eq!(partly.notes, ["nginx is down"]);
        bodies.extend([intended(false, &[]), done(false)]);
        assert_eq!(standing(&records(bodies)), Standing::default());
    }

    #[test]
    fn what_is_not_off_is_said() {
        assert_eq!(standing(&[]).in_words(), None);
        let on = standing(&records(vec![intended(true, &[]), done(true)]));
        assert_eq!(on.in_words().unwrap(), "maintenance mode is on, by anna");
    }
}
