//! What a platform says of a service's containers.

use super::Comparison;
use crate::detect::{Ailment, ailment};
use crate::inventory::{Fact, InstanceState, Seen};

/// What a look at a service's containers says, given whether one of them was seen running before.
///
/// How often they were started again is not judged here: a look has no beginning to count from.
///
/// | seen                                                        | comparison |
/// |-------------------------------------------------------------|------------|
/// | the look failed                                             | unclear    |
/// | no such service                                             | unmet      |
/// | an instance ended or fails (see [`ailment`])                | unmet      |
/// | an instance is not well yet, or there are fewer than wanted | unclear    |
/// | otherwise                                                   | met        |
#[must_use]
pub fn compare_containers(fact: &Fact, ran_before: bool) -> Comparison {
    match &fact.seen {
        Seen::Unknown { why } => Comparison::Unclear(why.clone()),
        Seen::Absent => Comparison::Unmet(format!("the platform has no `{}`", fact.service)),
        Seen::Present(running) => match ailment(Some(&before(fact, ran_before)), fact) {
            Some(Ailment::Ended(what) | Ailment::Failing(what) | Ailment::Unready(what)) => Comparison::Unmet(what),
            Some(Ailment::Unsettled(what)) => Comparison::Unclear(what),
            None => Comparison::Met(format!("{} of {} instances", running.instances.len(), running.wanted)),
        },
    }
}

/// The same instances as now, with the same restarts; running, if one was seen running.
fn before(fact: &Fact, ran_before: bool) -> Fact {
    let mut before = fact.clone();
    if let (true, Seen::Present(running)) = (ran_before, &mut before.seen) {
        running.instances.iter_mut().for_each(|instance| instance.state = InstanceState::Running);
    }
    before
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::id::ServiceName;
    use crate::inventory::{Health, Instance, Running, Version};

    fn fact(seen: Seen) -> Fact {
        let service = ServiceName::new("app").unwrap();
        Fact { service, observed_at: Timestamp::UNIX_EPOCH, seen, files: BTreeMap::new() }
    }

    fn container(state: InstanceState, health: Health) -> Fact {
        let version = Version { code: "sha256:1".to_owned(), spec: String::new() };
        let (id, name) = ("1".to_owned(), "app-1".to_owned());
        let instance = Instance { id, name, version, state, health, since: None, restarts: 7 };
        fact(Seen::Present(Running {
            label: "app:1".to_owned(),
            wanted: 1,
            instances: vec![instance],
            unready: Vec::new(),
            trouble: None,
            busy: None,
            next: None,
        }))
    }

    #[test]
    fn a_container_that_runs_well_is_met_whatever_it_went_through_before() {
        let fact = container(InstanceState::Running, Health::Healthy);
        assert_eq!(compare_containers(&fact, true), Comparison::Met("1 of 1 instances".to_owned()));
    }

    #[test]
    fn an_exit_with_code_0_blames_a_service_that_ran_and_not_a_one_off() {
        let fact = container(InstanceState::Exited { code: 0, out_of_memory: false }, Health::Unchecked);
        assert_eq!(compare_containers(&fact, true), Comparison::Unmet("app-1 ended with exit code 0".to_owned()));
        assert!(matches!(compare_containers(&fact, false), Comparison::Met(_)));
    }

    #[test]
    fn a_start_period_and_a_failed_look_are_unclear_and_an_absent_service_is_not() {
        let starting = container(InstanceState::Running, Health::Starting);
        assert!(matches!(compare_containers(&starting, true), Comparison::Unclear(_)));
        let unknown = fact(Seen::Unknown { why: "no Docker".to_owned() });
        assert_eq!(compare_containers(&unknown, true), Comparison::Unclear("no Docker".to_owned()));
        assert!(matches!(compare_containers(&fact(Seen::Absent), true), Comparison::Unmet(_)));
    }

    #[test]
    fn an_unhealthy_container_is_unmet() {
        let fact = container(InstanceState::Running, Health::Unhealthy);
        assert!(matches!(compare_containers(&fact, false), Comparison::Unmet(_)));
    }
}
