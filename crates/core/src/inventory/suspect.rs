//! What a deploy put there.

use std::collections::BTreeMap;

use super::{Fact, Instance, Version};
use crate::id::ServiceName;

/// The versions under suspicion: what the services run that a deploy has changed.
///
/// | right after the deploy, a service                            | under suspicion |
/// |--------------------------------------------------------------|-----------------|
/// | is in the middle of an operation                             | nothing         |
/// | runs several versions, or nothing                            | nothing         |
/// | runs the very instances that it ran before, started no later | nothing: those that are to follow are not there yet |
/// | runs anything else                                           | that version    |
///
/// Where a service got to since that was still on its way is the deploy's own doing.
#[must_use]
pub fn suspect(before: &[Fact], after: &[Fact], changed: &[ServiceName]) -> BTreeMap<ServiceName, Version> {
    let has_arrived = |fact: &&Fact| {
        let was = before.iter().find(|was| was.service == fact.service);
        let were = was.and_then(Fact::running).map_or(&[][..], |running| &running.instances);
        let is_new = |now: &Instance| !were.iter().any(|was| is_same(was, now));
        fact.running().is_some_and(|running| running.busy.is_none() && running.instances.iter().any(is_new))
    };
    let of_changed = after.iter().filter(|fact| changed.contains(&fact.service)).filter(has_arrived);
    of_changed.filter_map(|fact| Some((fact.service.clone(), fact.version()?.clone()))).collect()
}

/// Whether an instance was not started since. Where a platform does not say since when it runs, its version tells.
fn is_same(was: &Instance, now: &Instance) -> bool {
    let is_as_old = match now.since {
        Some(_) => was.since == now.since,
        None => was.version == now.version,
    };
    was.id == now.id && was.restarts == now.restarts && is_as_old
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fact(instances: &[(&str, &str)]) -> Fact {
        let instance = |(id, spec): &(&str, &str)| {
            json!({"id": id, "name": id, "version": {"code": "c", "spec": spec}, "state": {"is": "running"},
                "health": "healthy", "since": "2026-11-21T08:00:00Z"})
        };
        let instances: Vec<_> = instances.iter().map(instance).collect();
        let seen = json!({"is": "present", "label": "web", "wanted": 2, "instances": instances});
        let fact = json!({"service": "web", "observed_at": "2026-11-21T08:00:00Z", "seen": seen, "files": {}});
        serde_json::from_value(fact).unwrap()
    }

    #[test]
    fn instances_that_are_to_go_are_not_what_the_deploy_put_there() {
        let before = [fact(&[("a", "old"), ("b", "old")])];
        let suspected = |instances: &[(&str, &str)]| {
            let after = [fact(instances)];
            let suspected = suspect(&before, &after, &[after[0].service.clone()]);
            suspected.into_values().map(|version| version.spec).collect::<Vec<_>>()
        };
        assert!(suspected(&[("a", "old, leaving"), ("b", "old, leaving")]).is_empty());
        assert!(suspected(&[("a", "old, leaving"), ("c", "new")]).is_empty());
        assert_eq!(suspected(&[("c", "new"), ("d", "new")]), ["new"]);
    }
}
