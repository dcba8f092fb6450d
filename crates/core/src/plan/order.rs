//! The order of services: dependencies first, dependants after.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ServiceName;

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
    use super::*;

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
