//! Which services need which: unknown names and circles.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use crate::config::raw::RawService;
use crate::config::read::{Map, Scalar, nearest};
use crate::config::{ProblemCode, Span};
use crate::id::ServiceName;

/// What each service needs, no service twice, with the place where it says so.
pub(super) type Needs = BTreeMap<ServiceName, Vec<(ServiceName, Span)>>;

/// Reads what each service needs, and reports names that are not services and circles. A service that is not known is
/// left out.
pub(super) fn needs(services: &Map<RawService>, context: &mut Context<'_>) -> Needs {
    let declared: BTreeSet<&str> = services.0.iter().map(|entry| entry.key.as_str()).collect();
    let mut needs = Needs::new();
    for entry in &services.0 {
        let Ok(name) = ServiceName::new(&entry.key) else { continue };
        let list = entry.value.as_ref().and_then(|service| service.depends_on.value());
        let mut needed: Vec<(ServiceName, Span)> = Vec::new();
        for scalar in list.map(|list| list.0.as_slice()).unwrap_or_default() {
            let Some(other) = context.scalar(scalar) else { continue };
            if !declared.contains(other.as_str()) {
                unknown(&name, scalar, &other, &declared, context);
            } else if needed.iter().all(|(known, _)| *known != other) {
                needed.push((other, scalar.span));
            }
        }
        needs.insert(name, needed);
    }
    for circle in circles(&needs) {
        report(&circle, &needs, context);
    }
    needs
}

fn unknown(
    name: &ServiceName,
    scalar: &Scalar<ServiceName>,
    other: &ServiceName,
    declared: &BTreeSet<&str>,
    context: &mut Context<'_>,
) {
    let hint = match nearest(other.as_str(), declared.iter().copied()) {
        Some(service) => format!("did you mean `{service}`?"),
        None => "name a service of the same environment".to_owned(),
    };
    let message = format!("`{name}` depends on `{}`, and there is no such service", scalar.text);
    context.error(ProblemCode::UnknownService, scalar.span, message, hint);
}

fn report(circle: &[ServiceName], needs: &Needs, context: &mut Context<'_>) {
    let Some(first) = circle.first() else { return };
    let second = circle.get(1).unwrap_or(first);
    let Some((_, at)) = needs.get(first).and_then(|needed| needed.iter().find(|(name, _)| name == second)) else {
        return;
    };
    let names: Vec<String> = circle.iter().chain([first]).map(|name| format!("`{name}`")).collect();
    let message = format!("services depend on each other in a circle: {}", names.join(" -> "));
    context.error(ProblemCode::DependencyCycle, *at, message, "remove one of these dependencies".to_owned());
}

/// The circles, each beginning with the first of its names; none of a service that has been found in another.
///
/// Walks along the dependencies without recursion, so that a long chain cannot exhaust the stack.
fn circles(needs: &Needs) -> Vec<Vec<ServiceName>> {
    let mut found = Vec::new();
    let mut done: BTreeSet<&ServiceName> = BTreeSet::new();
    for start in needs.keys() {
        let mut path: Vec<(&ServiceName, usize)> = Vec::new();
        let mut on_path: BTreeSet<&ServiceName> = BTreeSet::new();
        let mut next = Some(start).filter(|name| !done.contains(name));
        loop {
            if let Some(name) = next.take() {
                done.insert(name);
                on_path.insert(name);
                path.push((name, 0));
            }
            let Some((name, tried)) = path.last_mut() else { break };
            let needed = needs.get(*name).and_then(|needed| needed.get(*tried));
            *tried += 1;
            match needed {
                None => {
                    on_path.remove(*name);
                    path.pop();
                }
                Some((other, _)) if on_path.contains(other) => found.push(closed(&path, other)),
                Some((other, _)) => next = Some(other).filter(|other| !done.contains(other)),
            }
        }
    }
    found
}

/// The part of a path from `back` on, turned so that its first name comes first.
fn closed(path: &[(&ServiceName, usize)], back: &ServiceName) -> Vec<ServiceName> {
    let names = path.iter().map(|(name, _)| *name).skip_while(|name| *name != back);
    let mut circle: Vec<ServiceName> = names.cloned().collect();
    let first = circle.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(index, _)| index);
    circle.rotate_left(first);
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(edges: &[(&str, &[&str])]) -> Vec<String> {
        let name = |text: &&str| ServiceName::new(text).unwrap();
        let at = Span { offset: 0, len: 0, line: 1, column: 1 };
        let needs: Needs =
            edges.iter().map(|(from, to)| (name(from), to.iter().map(|to| (name(to), at)).collect())).collect();
        circles(&needs)
            .iter()
            .map(|circle| circle.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn circles_are_named_in_order() {
        assert_eq!(found(&[("c", &["a"]), ("a", &["b"]), ("b", &["c"]), ("d", &["a"])]), ["a b c"]);
        assert_eq!(found(&[("a", &["a"])]), ["a"]);
        assert_eq!(found(&[("x", &["y"]), ("y", &["x", "z"]), ("z", &["z"])]), ["x y", "z"]);
    }

    #[test]
    fn a_diamond_is_no_circle() {
        assert!(found(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])]).is_empty());
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let names: Vec<String> = (0..50_000).map(|n| format!("s{n}")).collect();
        let at = Span { offset: 0, len: 0, line: 1, column: 1 };
        let name = |n: usize| ServiceName::new(&names[n % names.len()]).unwrap();
        let needs: Needs = (0..names.len()).map(|n| (name(n), vec![(name(n + 1), at)])).collect();
        assert_eq!(circles(&needs)[0].len(), names.len());
    }
}
