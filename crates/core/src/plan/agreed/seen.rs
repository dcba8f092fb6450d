//! The starting point of a plan: what was seen, without what changes by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Point;
use crate::data::{DatabaseFact, DatabaseSeen};
use crate::id::{DatabaseName, ServiceName};
use crate::inventory::{Fact, Running, Seen, Version};
use crate::plan::{Scope, data};

/// What a plan of that scope stands on, by subject: what each of its services runs, their configuration files, and the
/// databases.
pub(in crate::plan) fn seen<'a>(
    scope: &Scope,
    facts: &[Fact],
    databases: impl Iterator<Item = (&'a DatabaseName, &'a DatabaseFact)>,
) -> BTreeMap<String, Point> {
    let is_in_scope = |service: &ServiceName| match scope {
        Scope::Stack | Scope::Config => true,
        Scope::Services { services } => services.contains(service),
        Scope::Data => false,
    };
    let of_services = facts.iter().filter(|fact| is_in_scope(&fact.service)).flat_map(of_service);
    of_services.chain(databases.map(of_database)).collect()
}

fn of_service(fact: &Fact) -> Vec<(String, Point)> {
    let service = &fact.service;
    let point = match &fact.seen {
        Seen::Unknown { .. } => Point::new("could not be seen", &"unknown"),
        Seen::Absent => Point::new("is not there", &"absent"),
        Seen::Present(running) => Point::new(running.label.clone(), &what_runs(running)),
    };
    let file = |(path, digest): (&String, &crate::id::Digest)| {
        (format!("file `{path}` of `{service}`"), Point::new(format!("content {}", digest.short()), digest))
    };
    let files = fact.files.iter().map(file);
    [(format!("`{service}`"), point)].into_iter().chain(files).collect()
}

/// The versions that run or that a start would run, however many instances of each: where their number matters there is a
/// step. With no instance only the platform's words say what would run.
fn what_runs(running: &Running) -> (BTreeSet<&Version>, Option<&str>) {
    let versions: BTreeSet<&Version> =
        running.instances.iter().map(|instance| &instance.version).chain(&running.next).collect();
    let label = versions.is_empty().then_some(running.label.as_str());
    (versions, label)
}

fn of_database((name, fact): (&DatabaseName, &DatabaseFact)) -> (String, Point) {
    let words = match &fact.seen {
        DatabaseSeen::Unknown { .. } => "could not be seen".to_owned(),
        DatabaseSeen::Known(state) => {
            let applied: usize = state.ledgers.iter().map(|ledger| ledger.applied.len()).sum();
            let schema = state.schema.digest();
            format!("`{}` with schema {} and {applied} migrations", state.dbname, schema.short())
        }
    };
    (format!("database `{name}`"), Point::new(words, &data::line(name, fact)))
}
