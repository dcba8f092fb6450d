//! How one service stands: what runs, how it is, and how that compares with the last known good checkpoint.

use std::collections::BTreeMap;

use backout_core::detect::{Ailment, Said, ailment};
use backout_core::id::{ProbeName, ServiceName};
use backout_core::inventory::{Checkpoint, Fact, Instance, Seen, Version};
use backout_core::plan::{Change, difference};
use serde::Serialize;

use crate::ui::count;

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Standing {
    pub(crate) service: ServiceName,
    /// Whether it is there.
    pub(crate) seen: Presence,
    /// What runs, in words.
    pub(crate) label: Option<String>,
    /// What runs, where one version does.
    pub(crate) version: Option<Version>,
    /// Which version it says itself that it is, where it is asked and answers.
    pub(crate) says: Option<String>,
    /// Why it says none, where it is asked.
    #[serde(skip)]
    pub(crate) says_not: Option<String>,
    /// Instances that are well, and how many there should be.
    pub(crate) well: usize,
    pub(crate) wanted: u32,
    /// `well`, or what is wrong by its platform's own view.
    pub(crate) health: String,
    pub(crate) probes: Vec<Probed>,
    pub(crate) against_good: AgainstGood,
}

/// Whether a service is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    Unknown,
    Absent,
    Present,
}

/// What one probe came back with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Probed {
    #[serde(skip)]
    pub(crate) service: ServiceName,
    pub(crate) probe: ProbeName,
    /// `None` where it could not be measured.
    pub(crate) holds: Option<bool>,
    pub(crate) what: String,
    pub(crate) latency_ms: Option<u64>,
}

/// How what runs compares with the last known good checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AgainstGood {
    /// There is no such checkpoint, or it does not know the service.
    None,
    Unknown,
    Same,
    FilesDiffer,
    Differs,
    /// It was not there when the checkpoint was taken.
    New,
}

impl AgainstGood {
    pub(crate) fn words(self) -> &'static str {
        match self {
            AgainstGood::None => "-",
            AgainstGood::Unknown => "unknown",
            AgainstGood::Same => "same",
            AgainstGood::FilesDiffer => "files differ",
            AgainstGood::Differs => "differs",
            AgainstGood::New => "was not there",
        }
    }
}

/// Puts together what was seen of each service, in the order of the facts.
pub(crate) fn standings(facts: &[Fact], probed: &[Probed], good: Option<&Checkpoint>) -> Vec<Standing> {
    let changes = good.map(|good| difference(good, facts)).unwrap_or_default();
    let each = facts.iter().map(|fact| {
        let against_good = match changes.get(&fact.service) {
            None => AgainstGood::None,
            Some(Change::None) => AgainstGood::Same,
            Some(Change::Files(_)) => AgainstGood::FilesDiffer,
            Some(Change::Switch(..) | Change::Configuration(..)) => AgainstGood::Differs,
            Some(Change::Remove) => AgainstGood::New,
            Some(Change::Unknown(_)) => AgainstGood::Unknown,
        };
        let probes = probed.iter().filter(|probed| probed.service == fact.service).cloned().collect();
        standing(fact, probes, against_good)
    });
    each.collect()
}

fn standing(fact: &Fact, probes: Vec<Probed>, against_good: AgainstGood) -> Standing {
    let running = fact.running();
    let seen = match &fact.seen {
        Seen::Unknown { .. } => Presence::Unknown,
        Seen::Absent => Presence::Absent,
        Seen::Present(_) => Presence::Present,
    };
    Standing {
        service: fact.service.clone(),
        seen,
        label: running.map(|running| running.label.clone()),
        version: fact.version().cloned(),
        says: None,
        says_not: None,
        well: running.map_or(0, |running| running.instances.iter().filter(|i| Instance::is_well(i)).count()),
        wanted: running.map_or(0, |running| running.wanted),
        health: health(fact),
        probes,
        against_good,
    }
}

fn health(fact: &Fact) -> String {
    match (&fact.seen, ailment(None, fact)) {
        (Seen::Unknown { why }, _) => format!("unknown: {why}"),
        (Seen::Absent, _) => "not there".to_owned(),
        (Seen::Present(_), None) => "well".to_owned(),
        (Seen::Present(_), Some(Ailment::Ended(what) | Ailment::Failing(what) | Ailment::Unready(what))) => {
            format!("FAILS: {what}")
        }
        (Seen::Present(_), Some(Ailment::Unsettled(what))) => what,
    }
}

impl Standing {
    /// With what it says of its own version.
    pub(crate) fn saying(mut self, said: &BTreeMap<ServiceName, Said>) -> Self {
        match said.get(&self.service) {
            Some(Ok(says)) => self.says = Some(says.clone()),
            Some(Err(why)) => self.says_not = Some(why.clone()),
            None => {}
        }
        self
    }

    /// What runs, and what it says of itself.
    fn called(&self) -> String {
        let label = self.label.as_deref().unwrap_or("-");
        self.says.as_ref().map_or_else(|| label.to_owned(), |says| format!("{label} (says {says})"))
    }

    /// The cells of its row.
    pub(crate) fn row(&self) -> Vec<String> {
        let instances = match self.seen {
            Presence::Present => format!("{}/{}", self.well, self.wanted),
            Presence::Unknown | Presence::Absent => "-".to_owned(),
        };
        vec![
            self.service.to_string(),
            self.called(),
            instances,
            self.health.clone(),
            self.probes_in_words(),
            self.against_good.words().to_owned(),
        ]
    }

    fn probes_in_words(&self) -> String {
        if self.probes.is_empty() {
            return "-".to_owned();
        }
        let up = self.probes.iter().filter(|probed| probed.holds == Some(true)).count();
        let unmeasured = self.probes.iter().filter(|probed| probed.holds.is_none()).count();
        let summary = format!("{up}/{} up", self.probes.len());
        match unmeasured {
            0 => summary,
            some => format!("{summary}, {} not measured", count(some, "probe")),
        }
    }

    /// Probes that do not hold or were not measured, and a version that it does not say, one line each.
    pub(crate) fn complaints(&self) -> impl Iterator<Item = String> {
        let silent = self.says_not.iter().map(|why| format!("not measured: {} says no version ({why})", self.service));
        let probes = self.probes.iter().filter(|probed| probed.holds != Some(true)).map(|probed| {
            let label = if probed.holds == Some(false) { "FAILS" } else { "not measured" };
            format!("{label}: {}.{} ({})", self.service, probed.probe, probed.what)
        });
        probes.chain(silent)
    }
}

#[cfg(test)]
mod tests {
    use backout_core::inventory::{Health, InstanceState, Running};
    use jiff::Timestamp;

    use super::*;

    fn web(state: InstanceState) -> Fact {
        let version = Version { code: "release:1".to_owned(), spec: String::new() };
        let instance = Instance {
            id: "1".to_owned(),
            name: "web".to_owned(),
            version,
            state,
            health: Health::Unchecked,
            since: None,
            restarts: 0,
        };
        Fact {
            service: ServiceName::new("web").unwrap(),
            observed_at: Timestamp::UNIX_EPOCH,
            seen: Seen::Present(Running {
                label: "release 1".to_owned(),
                wanted: 1,
                instances: vec![instance],
                unready: Vec::new(),
                trouble: None,
                busy: None,
                next: None,
            }),
            files: BTreeMap::new(),
        }
    }

    fn probed(holds: Option<bool>) -> Probed {
        Probed {
            service: ServiceName::new("web").unwrap(),
            probe: ProbeName::new("health").unwrap(),
            holds,
            what: "503".to_owned(),
            latency_ms: None,
        }
    }

    #[test]
    fn a_service_that_ended_is_said_to_fail() {
        let facts = [web(InstanceState::Exited { code: 1, out_of_memory: false })];
        let rows = standings(&facts, &[], None);
        assert_eq!(rows[0].row(), ["web", "release 1", "0/1", "FAILS: web ended with exit code 1", "-", "-"]);
    }

    #[test]
    fn what_a_service_says_of_itself_stands_beside_what_runs() {
        let said = |said: Said| {
            let all = [(ServiceName::new("web").unwrap(), said)].into();
            standings(&[web(InstanceState::Running)], &[], None).remove(0).saying(&all)
        };
        assert_eq!(said(Ok("7.0.1".to_owned())).row()[1], "release 1 (says 7.0.1)");
        let silent = said(Err("connection refused".to_owned()));
        assert_eq!(silent.row()[1], "release 1");
        let complaints: Vec<_> = silent.complaints().collect();
        assert_eq!(complaints, ["not measured: web says no version (connection refused)"]);
    }

    #[test]
    fn a_probe_that_could_not_be_measured_is_not_called_down() {
        let rows = standings(&[web(InstanceState::Running)], &[probed(Some(true)), probed(None)], None);
        assert_eq!(rows[0].row()[4], "1/2 up, 1 probe not measured");
        assert_eq!(rows[0].complaints().collect::<Vec<_>>(), ["not measured: web.health (503)"]);
    }
}
