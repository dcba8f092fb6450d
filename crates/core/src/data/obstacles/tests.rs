//! Each fact by itself, and the obstacle that it makes.

use super::{Surroundings, obstacles};
use crate::data::{DatabaseReadiness, Extension, LogicalSlot, ObjectName};

fn seen() -> DatabaseReadiness {
    DatabaseReadiness {
        server_version: 150_018,
        client_version: Some(150_018),
        system_identifier: None,
        wal_level: "replica".to_owned(),
        archives_log: false,
        bytes: 100 << 20,
        free_bytes: Some(1 << 30),
        role: ("deploy".to_owned(), false),
        may_create: true,
        is_owner: true,
        may_terminate: false,
        slots: Vec::new(),
        subscriptions: Vec::new(),
        replicas: Vec::new(),
        prepared: Vec::new(),
        long_transactions: Vec::new(),
        extensions: Vec::new(),
        without_key: Vec::new(),
        unlogged: Vec::new(),
        large_objects: 0,
        obstacles: Vec::new(),
    }
}

fn around() -> Surroundings {
    Surroundings { connections: (10, 100), ..Surroundings::default() }
}

/// The names of the obstacles, those that block with a `!`.
fn named(change: impl FnOnce(&mut DatabaseReadiness, &mut Surroundings)) -> Vec<String> {
    let (mut seen, mut around) = (seen(), around());
    change(&mut seen, &mut around);
    let found = obstacles(&seen, &around);
    found.iter().map(|o| format!("{}{}", o.name, if o.blocks { "!" } else { "" })).collect()
}

#[test]
fn an_owner_that_may_create_databases_meets_nothing() {
    assert_eq!(named(|_, _| ()), [""; 0]);
}

#[test]
fn each_fact_makes_its_obstacle() {
    let text = |text: &str| vec![text.to_owned()];
    let table = || vec![ObjectName::new("public", "logs")];
    let slot = LogicalSlot { name: "cdc".to_owned(), plugin: "pgoutput".to_owned(), is_active: true };
    assert_eq!(named(|seen, _| seen.server_version = 120_000), ["old-server!"]);
    assert_eq!(named(|seen, _| seen.client_version = None), ["no-client!"]);
    assert_eq!(named(|seen, _| seen.client_version = Some(140_009)), ["old-client!"]);
    assert_eq!(named(|seen, _| seen.client_version = Some(150_001)), [""; 0]);
    assert_eq!(named(|seen, _| seen.is_owner = false), ["no-owner!"]);
    assert_eq!(named(|seen, _| seen.may_create = false), ["no-create!"]);
    assert_eq!(named(|_, around| around.is_pooled = true), ["pooler!"]);
    assert_eq!(named(|_, around| around.foreign_sessions = text("app")), ["no-terminate!"]);
    assert_eq!(named(|seen, _| seen.prepared = text("gid")), ["prepared-transaction!"]);
    assert_eq!(named(|seen, _| seen.free_bytes = Some(120 << 20)), ["disk!"]);
    assert_eq!(named(|seen, _| seen.free_bytes = None), [""; 0]);
    assert_eq!(named(|seen, _| seen.slots = vec![slot]), ["slot"]);
    assert_eq!(named(|seen, _| seen.subscriptions = text("sub")), ["subscription"]);
    assert_eq!(named(|seen, _| seen.replicas = text("standby1")), ["replica"]);
    assert_eq!(named(|seen, _| seen.long_transactions = text("pid 7")), ["long-transaction"]);
    assert_eq!(named(|_, around| around.running_dumps = text("pid 8")), ["running-dump"]);
    assert_eq!(named(|_, around| around.connections = (95, 100)), ["connections"]);
    assert_eq!(named(|_, around| around.invalid_databases = text("half")), ["invalid-database"]);
    assert_eq!(named(|seen, _| seen.unlogged = table()), ["unlogged"]);
    assert_eq!(named(|seen, _| seen.without_key = table()), ["no-key"]);
    assert_eq!(named(|_, around| around.tablespaces = text("fast")), ["tablespace"]);
    assert_eq!(named(|seen, _| seen.large_objects = 3), ["large-objects"]);
    assert_eq!(named(|_, around| around.event_triggers = text("audit")), ["event-trigger"]);
    assert_eq!(named(|_, around| around.collations = text("de-x-icu")), ["collation"]);
}

#[test]
fn only_extensions_that_ask_for_care_are_told() {
    let extension = |name: &str| Extension { name: name.to_owned(), version: "1".to_owned() };
    let names = ["plpgsql", "pg_cron", "postgis", "timescaledb"];
    let found = named(|seen, _| seen.extensions = names.map(extension).to_vec());
    assert_eq!(found, ["extension"; 3]);
}

#[test]
fn a_superuser_needs_no_other_right_and_what_blocks_comes_first() {
    let rights = |seen: &mut DatabaseReadiness| (seen.is_owner, seen.may_create) = (false, false);
    let found = named(|seen, _| {
        rights(seen);
        seen.role.1 = true;
        seen.large_objects = 1;
        seen.client_version = None;
    });
    assert_eq!(found, ["no-client!", "large-objects"]);
}

#[test]
fn many_names_are_counted_after_the_first() {
    let mut around = around();
    around.event_triggers = (0..7).map(|n| format!("e{n}")).collect();
    let found = obstacles(&seen(), &around);
    assert_eq!(found[0].what, "event triggers: e0, e1, e2, e3, e4 and 2 more");
}
