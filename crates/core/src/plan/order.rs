//! The order of services: dependencies first, dependants after; and users are led away before what they used is touched.

use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use super::planner::Changes;
use crate::id::ServiceName;
use crate::inventory::{Detail, Fact, TrafficArtifact};

/// Which service needs which while traffic goes back, made from what they need otherwise.
///
/// | a service                        | comes after                                  |
/// |----------------------------------|----------------------------------------------|
/// | of traffic that is led elsewhere | the one it leads to then, and what it needs  |
/// | that traffic leaves              | that traffic, and what it needs              |
/// | any other                        | what it needs                                |
///
/// So where what users are led to runs as it shall, leading them there is the first step, and all else can take its time. The
/// configuration refuses traffic that needs a service it can lead to, and the other way round.
pub(super) fn led_away_first(
    changes: &Changes<'_>,
    facts: &[Fact],
    depends_on: &BTreeMap<ServiceName, Vec<ServiceName>>,
) -> BTreeMap<ServiceName, Vec<ServiceName>> {
    let mut needs = depends_on.clone();
    for (traffic, change) in changes {
        let Change::Switch(artifact, _) = change else { continue };
        let Detail::Traffic(TrafficArtifact { to }) = &artifact.detail else { continue };
        let fact = facts.iter().find(|fact| fact.service == **traffic);
        let leads_to = fact.and_then(Fact::version).and_then(|version| ServiceName::new(&version.code).ok());
        let left = leads_to.filter(|left| left != to);
        needs.entry((*traffic).clone()).or_default().push(to.clone());
        if let Some(left) = left {
            needs.entry(left).or_default().push((*traffic).clone());
        }
    }
    needs
}

/// The services so that each comes after those it depends on; by name where that leaves a choice. Dependencies outside of
/// `services` count for order among those inside. Total: members of a cycle, which the configuration refuses, come last
/// by name.
#[must_use]
pub fn dependencies_first(
    services: &BTreeSet<ServiceName>,
    depends_on: &BTreeMap<ServiceName, Vec<ServiceName>>,
) -> Vec<ServiceName> {
    let everything: BTreeSet<&ServiceName> =
        services.iter().chain(depends_on.keys()).chain(depends_on.values().flatten()).collect();
    let mut placed: Vec<&ServiceName> = Vec::new();
    let mut left = everything;
    while !left.is_empty() {
        let next = left
            .iter()
            .find(|service| depends_on.get(**service).is_none_or(|needs| needs.iter().all(|n| !left.contains(n))))
            .or_else(|| left.first())
            .copied();
        if let Some(service) = next {
            left.remove(service);
            placed.push(service);
        }
    }
    placed.into_iter().filter(|service| services.contains(*service)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::inventory::{Artifact, Health, Instance, InstanceState, Running, Seen, Version};

    fn version(code: &str) -> Version {
        Version { code: code.to_owned(), spec: String::new() }
    }

    /// The front, which leads somewhere.
    fn front(leads_to: &str) -> Fact {
        let instance = Instance {
            id: "front".to_owned(),
            name: "front".to_owned(),
            version: version(leads_to),
            state: InstanceState::Running,
            health: Health::Unchecked,
            since: None,
            restarts: 0,
        };
        let label = leads_to.to_owned();
        let instances = vec![instance];
        let running =
            Running { label, wanted: 1, instances, unready: Vec::new(), trouble: None, busy: None, next: None };
        let (service, observed_at) = (name("front"), Timestamp::UNIX_EPOCH);
        Fact { service, observed_at, seen: Seen::Present(running), files: BTreeMap::new() }
    }

    /// The order in which everything goes back that leads users to violet again.
    fn led_to_violet(from: &str) -> Vec<String> {
        let artifact = |service: &str, detail: Detail| Artifact {
            service: name(service),
            version: version("violet"),
            label: "violet".to_owned(),
            replicas: 1,
            files: Vec::new(),
            detail,
        };
        let other = || Detail::Exec(crate::inventory::ExecArtifact { state: serde_json::Value::Null });
        let (violet, amber) = (artifact("violet", other()), artifact("amber", other()));
        let led = artifact("front", Detail::Traffic(TrafficArtifact { to: name("violet") }));
        let all = [&violet, &amber, &led];
        let changes: Changes<'_> =
            all.iter().map(|artifact| (&artifact.service, Change::Switch(artifact, Vec::new()))).collect();
        let needs = led_away_first(&changes, &[front(from)], &BTreeMap::new());
        let names = ["amber", "front", "violet"].map(name).into();
        dependencies_first(&names, &needs).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn users_are_led_away_before_what_they_used_is_touched_and_to_what_has_gone_back() {
        assert_eq!(led_to_violet("amber"), ["violet", "front", "amber"]);
    }

    #[test]
    fn traffic_that_leads_there_already_leaves_nobody() {
        assert_eq!(led_to_violet("violet"), ["amber", "violet", "front"]);
    }

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    fn ordered(services: &[&str], edges: &[(&str, &str)]) -> Vec<String> {
        let mut depends_on: BTreeMap<ServiceName, Vec<ServiceName>> = BTreeMap::new();
        for (from, to) in edges {
            depends_on.entry(name(from)).or_default().push(name(to));
        }
        let services = services.iter().map(|s| name(s)).collect();
        dependencies_first(&services, &depends_on).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn dependencies_come_before_dependants() {
        assert_eq!(ordered(&["app", "db", "lb"], &[("app", "db"), ("lb", "app")]), ["db", "app", "lb"]);
    }

    #[test]
    fn a_dependency_outside_the_scope_still_orders_those_inside() {
        assert_eq!(ordered(&["a", "z"], &[("a", "m"), ("m", "z")]), ["z", "a"]);
    }

    #[test]
    fn a_cycle_does_not_hang_and_is_ordered_by_name() {
        assert_eq!(ordered(&["a", "b"], &[("a", "b"), ("b", "a")]), ["a", "b"]);
    }
}
