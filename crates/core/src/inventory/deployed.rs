//! What a deploy changes, told apart from what moves by itself.

use std::collections::BTreeMap;

use super::{Checkpoint, Fact, FileState, Health, Instance, InstanceState, Running, Seen, Version};
use crate::id::ServiceName;

/// The services of which something else is deployed than was before. Unlike [`super::changed_between`] this is not about
/// instances: one that was started again, moved or scaled is no deploy.
///
/// | before             | now                             | deployed                             |
/// |--------------------|---------------------------------|--------------------------------------|
/// | unknown            | anything                        | no: nobody can say                   |
/// | anything           | unknown, absent, or no instance | no: it may be on its way, or is down |
/// | not known, absent, or no instance | there            | yes                                  |
/// | there              | another version in any instance | yes                                  |
/// | there              | the same versions, other files  | yes                                  |
/// | there              | the same versions, same files   | no                                   |
#[must_use]
pub fn deployed_between(before: &[Fact], now: &[Fact]) -> Vec<ServiceName> {
    let is_deployed = |fact: &&Fact| {
        let was = before.iter().find(|was| was.service == fact.service);
        if matches!(was.map(|was| &was.seen), Some(Seen::Unknown { .. })) || versions(fact).is_empty() {
            return false;
        }
        was.is_none_or(|was| {
            let were = versions(was);
            versions(fact).iter().any(|version| !were.contains(version)) || was.files != fact.files
        })
    };
    now.iter().filter(is_deployed).map(|fact| fact.service.clone()).collect()
}

/// Whether configuration files are all that differs so far: they are written first, and what they belong to may follow.
#[must_use]
pub fn only_files_differ(before: &[Fact], now: &[Fact]) -> bool {
    let without = |facts: &[Fact]| -> Vec<Fact> {
        facts.iter().map(|fact| Fact { files: BTreeMap::new(), ..fact.clone() }).collect()
    };
    !deployed_between(before, now).is_empty() && deployed_between(&without(before), &without(now)).is_empty()
}

/// Whether nothing is under way: every service that is there runs one version, and no operation on it is unfinished.
#[must_use]
pub fn has_settled(facts: &[Fact]) -> bool {
    let is_settled = |running: &Running| running.busy.is_none() && running.version().is_some();
    facts.iter().filter_map(Fact::running).all(is_settled)
}

fn versions(fact: &Fact) -> Vec<&Version> {
    fact.running().map(|running| running.instances.iter().map(|i| &i.version).collect()).unwrap_or_default()
}

impl Checkpoint {
    /// What was seen when it was taken, as far as it says: one instance a service stands for all of them.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let absent = self.absent.iter().map(|service| self.fact(service, Seen::Absent, BTreeMap::new()));
        let present = self.artifacts.values().map(|artifact| {
            let instance = Instance {
                id: format!("of {}", self.id),
                name: artifact.service.to_string(),
                version: artifact.version.clone(),
                state: InstanceState::Running,
                health: Health::Unchecked,
                since: None,
                restarts: 0,
            };
            let files = artifact.files.iter().filter_map(|file| match &file.state {
                FileState::Present { content, .. } => Some((file.path.clone(), content.digest.clone())),
                FileState::Absent => None,
            });
            let running = Running {
                label: artifact.label.clone(),
                wanted: artifact.replicas,
                instances: vec![instance],
                unready: Vec::new(),
                trouble: None,
                busy: None,
                next: None,
            };
            self.fact(&artifact.service, Seen::Present(running), files.collect())
        });
        absent.chain(present).collect()
    }

    fn fact(&self, service: &ServiceName, seen: Seen, files: BTreeMap<String, crate::id::Digest>) -> Fact {
        Fact { service: service.clone(), observed_at: self.taken_at, seen, files }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fact(instances: &[(&str, &str)], file: &str) -> Fact {
        let instance = |(id, code): &(&str, &str)| {
            json!({"id": id, "name": id, "version": {"code": code}, "state": {"is": "running"}, "health": "healthy",
                "since": null})
        };
        let instances: Vec<_> = instances.iter().map(instance).collect();
        let seen = json!({"is": "present", "label": "web", "wanted": 1, "instances": instances});
        let files = json!({"/etc/web": crate::id::Digest::of(file.as_bytes())});
        let fact = json!({"service": "web", "observed_at": "2026-11-21T08:00:00Z", "seen": seen, "files": files});
        serde_json::from_value(fact).unwrap()
    }

    fn seen(seen: Seen) -> Fact {
        Fact { seen, ..fact(&[], "f") }
    }

    #[test]
    fn another_version_or_file_is_a_deploy_and_another_instance_is_none() {
        let before = [fact(&[("a", "1")], "f")];
        let is_deployed = |now: Fact| !deployed_between(&before, &[now]).is_empty();
        assert!(is_deployed(fact(&[("b", "2")], "f")));
        assert!(is_deployed(fact(&[("a", "1"), ("b", "2")], "f")), "one of several has begun");
        assert!(is_deployed(fact(&[("a", "1")], "g")));
        assert!(!is_deployed(fact(&[("b", "1"), ("c", "1")], "f")), "started again, and scaled");
    }

    #[test]
    fn files_that_changed_alone_are_told_from_a_version_that_changed_too() {
        let before = [fact(&[("a", "1")], "f")];
        assert!(only_files_differ(&before, &[fact(&[("a", "1")], "g")]));
        assert!(!only_files_differ(&before, &[fact(&[("a", "2")], "g")]));
        assert!(!only_files_differ(&before, &before));
    }

    #[test]
    fn what_is_down_or_out_of_sight_is_no_deploy_and_what_comes_is_one() {
        let there = [fact(&[("a", "1")], "f")];
        for now in [seen(Seen::Absent), seen(Seen::Unknown { why: "hangs".to_owned() }), fact(&[], "f")] {
            assert!(deployed_between(&there, &[now]).is_empty());
        }
        assert_eq!(deployed_between(&[seen(Seen::Absent)], &there).len(), 1);
        assert_eq!(deployed_between(&[], &there).len(), 1);
        assert!(deployed_between(&[seen(Seen::Unknown { why: String::new() })], &there).is_empty());
    }

    #[test]
    fn rolling_update_has_not_settled() {
        assert!(has_settled(&[fact(&[("a", "1")], "f"), seen(Seen::Absent)]));
        assert!(!has_settled(&[fact(&[("a", "1"), ("b", "2")], "f")]));
    }
}
