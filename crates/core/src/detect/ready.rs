//! Instances that run and do not become ready: how long each may take, and which has taken longer.
//!
//! A way back that was not needed is worse than a minute of waiting: only instances that a deploy has made count, only
//! while nothing has started them again (how often that happens is judged elsewhere), and time is taken by our own clock,
//! from the first look that saw them run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::id::ServiceName;
use crate::inventory::{Fact, Unready};

/// What an instance may take beside what its own probes grant: nobody writes a startup probe for an application that needs
/// half a minute.
const BESIDE: SignedDuration = SignedDuration::from_secs(60);

/// The most that is learned from instances that are ready: one that was not ready for a moment, much later, seems to have
/// taken as long.
const LEARNED: SignedDuration = SignedDuration::from_mins(10);

/// What is known of how long an instance takes from its start until it is ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// What the configuration says, as `ready_within`.
    pub said: Option<SignedDuration>,
    /// What its own probes grant.
    pub granted: SignedDuration,
    /// What the quickest instance of the service took that is ready; `None` where none is.
    pub usual: Option<SignedDuration>,
}

impl Start {
    /// How long it may take.
    ///
    /// | the configuration says | twice what others took is | it may take                            |
    /// |------------------------|---------------------------|----------------------------------------|
    /// | how long               |                           | that                                   |
    /// | nothing                | not longer, or unknown    | what its probes grant, and a minute    |
    /// | nothing                | longer                    | twice what others took, ten minutes at most |
    #[must_use]
    pub fn may_take(&self) -> SignedDuration {
        let learned = self.usual.map_or(SignedDuration::ZERO, |usual| usual.saturating_mul(2).min(LEARNED));
        self.said.unwrap_or_else(|| self.granted.saturating_add(BESIDE).max(learned))
    }
}

/// Tells an instance that takes longer than it may from one that starts slowly.
#[derive(Debug, Clone, Default)]
pub struct ReadyWatch {
    /// Services that had such instances before: theirs is nobody's fault now.
    excused: BTreeSet<ServiceName>,
    /// Instances that were there before.
    older: BTreeSet<String>,
    since: BTreeMap<(ServiceName, String), Timestamp>,
}

impl ReadyWatch {
    /// Leaves out what was there before.
    #[must_use]
    pub fn new(before: &[Fact]) -> Self {
        let running = || before.iter().filter_map(|fact| Some((&fact.service, fact.running()?)));
        let excused = running().filter(|(_, running)| !running.unready.is_empty());
        let older = running().flat_map(|(_, running)| running.instances.iter().map(|instance| instance.id.clone()));
        Self {
            excused: excused.map(|(service, _)| service.clone()).collect(),
            older: older.collect(),
            since: BTreeMap::new(),
        }
    }

    /// Takes a look at a service; answers with what an instance of it waits for, once it has waited longer than it may.
    ///
    /// | the service had such before | the instance | not ready, without a break, for | answer          |
    /// |-----------------------------|--------------|---------------------------------|-----------------|
    /// | yes                         |              |                                 | none            |
    /// | no                          | was there    |                                 | none            |
    /// | no                          | is new       | as long as it may take, or less | none            |
    /// | no                          | is new       | longer                          | what it waits for |
    pub fn look(&mut self, fact: &Fact, now: Timestamp) -> Option<String> {
        let service = &fact.service;
        // A look that failed neither ends the waiting nor confirms it.
        let running = fact.running().filter(|_| !self.excused.contains(service))?;
        self.since.retain(|(of, id), _| of != service || running.unready.iter().any(|unready| unready.id == *id));
        let new = running.unready.iter().filter(|unready| !self.older.contains(&unready.id));
        let mut late = None;
        for unready in new {
            let since = *self.since.entry((service.clone(), unready.id.clone())).or_insert(now);
            late = late.or_else(|| words(unready, now.duration_since(since)));
        }
        late
    }

    /// Lets the instances of a service wait once more for as long as they may: what they waited for until now was none of theirs.
    pub fn begin_anew(&mut self, service: &ServiceName, now: Timestamp) {
        let of_it = self.since.iter_mut().filter(|((of, _), _)| of == service);
        of_it.for_each(|(_, since)| *since = now);
    }
}

fn words(unready: &Unready, waited: SignedDuration) -> Option<String> {
    let may_take = SignedDuration::from_millis(i64::try_from(unready.may_take_ms).unwrap_or(i64::MAX));
    let (waited_s, may_s) = (waited.as_secs(), may_take.as_secs());
    (waited > may_take).then(|| {
        format!(
            "{} has not passed for {waited_s} s, and may take {may_s} s (set `ready_within` to change that)",
            unready.what
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Health, Instance, InstanceState, Running, Seen, Version};

    fn seconds(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    /// A service with these instances, those marked not ready, which may take 30 s.
    fn fact(instances: &[(&str, bool)]) -> Fact {
        let instance = |(id, is_ready): &(&str, bool)| Instance {
            id: (*id).to_owned(),
            name: (*id).to_owned(),
            version: Version { code: String::new(), spec: String::new() },
            state: InstanceState::Running,
            health: if *is_ready { Health::Healthy } else { Health::Starting },
            since: None,
            restarts: 0,
        };
        let unready = |(id, _): &(&str, bool)| Unready {
            id: (*id).to_owned(),
            what: format!("{id}, container `app`: its readiness probe"),
            may_take_ms: 30_000,
        };
        let running = Running {
            label: String::new(),
            wanted: 1,
            instances: instances.iter().map(instance).collect(),
            unready: instances.iter().filter(|(_, is_ready)| !is_ready).map(unready).collect(),
            trouble: None,
            busy: None,
            next: None,
        };
        let service = ServiceName::new("web").unwrap();
        Fact { service, observed_at: Timestamp::UNIX_EPOCH, seen: Seen::Present(running), files: BTreeMap::new() }
    }

    #[test]
    fn what_the_team_declared_counts_and_what_others_took_where_that_is_longer() {
        let may = |said: Option<i64>, granted: i64, usual: Option<i64>| {
            Start { said: said.map(seconds), granted: seconds(granted), usual: usual.map(seconds) }.may_take().as_secs()
        };
        assert_eq!(may(None, 0, None), 60);
        assert_eq!(may(None, 300, None), 360, "a startup probe with a long grant");
        assert_eq!(may(None, 30, Some(40)), 90);
        assert_eq!(may(None, 30, Some(150)), 300, "slow before, and nothing declared");
        assert_eq!(may(None, 30, Some(86_400)), 600);
        assert_eq!(may(None, 900, Some(86_400)), 960);
        assert_eq!(may(Some(5), 300, Some(150)), 5);
    }

    #[test]
    fn an_instance_is_late_by_this_table() {
        let unseen = Fact { seen: Seen::Unknown { why: String::new() }, ..fact(&[]) };
        let gone = Fact { seen: Seen::Absent, ..fact(&[]) };
        let old = fact(&[("old", true)]);
        let (slow, other) = (fact(&[("old", true), ("new", false)]), fact(&[("old", true), ("newer", false)]));
        let ready = fact(&[("old", true), ("new", true)]);
        let old_fails = fact(&[("old", false)]);
        let of = |before: &Fact, looks: &[(i64, &Fact)]| {
            let mut watch = ReadyWatch::new(std::slice::from_ref(before));
            let at = |second: i64| Timestamp::from_second(second).unwrap();
            looks.iter().map(|(second, fact)| watch.look(fact, at(*second))).last().unwrap().is_some()
        };
        // How it was before, the looks with their seconds, and whether the last one finds it late.
        assert!(of(&old, &[(5, &slow), (36, &slow)]));
        assert!(of(&gone, &[(5, &slow), (36, &slow)]), "a service that was not there before");
        assert!(of(&old, &[(5, &slow), (20, &unseen), (36, &slow)]), "a look that failed ends nothing");
        assert!(!of(&old, &[(5, &slow), (35, &slow)]), "as long as it may take");
        assert!(!of(&old, &[(5, &slow), (36, &unseen)]), "a look that failed confirms nothing");
        assert!(!of(&old, &[(5, &slow), (20, &ready), (36, &slow)]), "ready in between");
        assert!(!of(&old, &[(5, &slow), (36, &other)]), "another one, made anew");
        assert!(!of(&old, &[(5, &old_fails), (90, &old_fails)]), "one that was there before");
        assert!(!of(&slow, &[(5, &other), (90, &other)]), "it was so before");
    }

    #[test]
    fn the_words_name_the_instance_the_probe_and_how_long() {
        let (mut watch, slow) = (ReadyWatch::default(), fact(&[("web-1", false)]));
        assert_eq!(watch.look(&slow, Timestamp::UNIX_EPOCH), None);
        let said = watch.look(&slow, Timestamp::from_second(31).unwrap()).unwrap();
        let expected = "web-1, container `app`: its readiness probe has not passed for 31 s, and may take 30 s (set \
                        `ready_within` to change that)";
        assert_eq!(said, expected);
    }
}
