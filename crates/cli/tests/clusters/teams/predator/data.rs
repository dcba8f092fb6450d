//! The database: migrations that fail, and rows that are damaged.

use backout_testkit::client::Writer;
use backout_testkit::measured::{Recorded as _, Table, What};

use super::stage::Predator;

const EVENTS: &str = "/api/events";

/// What was promised to be kept and is not there.
fn missing<'a>(predator: &Predator, acknowledged: &'a [String]) -> Vec<&'a String> {
    let there = predator.team.database.rows("SELECT words FROM app_event");
    acknowledged.iter().filter(|words| !there.contains(*words)).collect()
}

/// The ids of what the chart makes beside pods: they change where something is taken away and made again.
fn ids(predator: &Predator) -> [String; 3] {
    let all = ["configmap/predator", "deployment/backend", "service/backend"];
    all.map(|object| predator.team.stands(object, ".metadata.uid"))
}

pub(super) fn a_migration_that_fails_half_way_goes_back_and_no_row_is_lost(predator: &Predator, table: &mut Table) {
    let team = &predator.team;
    let (since, good, databases) = (team.journal().last(), predator.running(), team.database.databases());
    let (.., manifest) = team.released("predator");
    let writer = Writer::start(team.port("API_URL"), EVENTS, "migrating");
    let ended = predator.start_upgrade("8s", "tag=1.5.0-half").wait();
    let acknowledged = writer.stop();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!((predator.running(), team.released("predator").2), (good, manifest));
    assert_eq!(missing(predator, &acknowledged), Vec::<&String>::new());
    assert_eq!(team.database.rows("SELECT version::text FROM schema_migrations"), ["41"]);
    assert_eq!(team.database.databases(), databases, "version 1.4.2 runs on what the half of the migration left");
    assert!(predator.is_well());
    table.add(team, since, ("a migration that fails half-way", What::Service));
}

pub(super) fn damaged_rows_wait_for_a_person_and_come_back_with_the_code(predator: &Predator, table: &mut Table) {
    let team = &predator.team;
    let owned = "SELECT count(*)::text FROM app_event WHERE owner = 'ada'";
    let (good, had, databases) = (predator.running(), ids(predator), team.database.databases());
    assert_eq!(team.database.rows(owned), ["40"]);
    let held = predator.start_upgrade("8s", "tag=1.5.0-corrupt").wait();
    assert_eq!(held.code, 4, "{}", held.stderr);
    assert_eq!(team.database.rows(owned), ["20"], "nobody has agreed to anything yet");

    let since = team.journal().last();
    let back =
        ["rollback", "--stack", "--database", "main", "--accept-loss", "100000", "--reason", "rows have no owner"];
    let agreed = ["--yes", "--approved-by", "dba", "--approved-by", "platform"];
    team.backout(&[&back[..], &agreed].concat()).expect_code(0);
    assert_eq!(team.database.rows(owned), ["40"]);
    assert_eq!((predator.running(), ids(predator)), (good, had), "nothing of the release was taken away");
    assert_eq!(predator.version().as_deref(), Some("1.4.2"));
    assert!(predator.is_well());

    // What was put aside is whole, and only to be read.
    let aside: Vec<String> = team.database.databases().into_iter().filter(|name| !databases.contains(name)).collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    assert!(aside.starts_with("predator_damaged_"), "{aside}");
    assert_eq!(team.database.asked(aside, owned), Some(vec!["20".to_owned()]));
    assert_eq!(team.database.asked(aside, "SHOW default_transaction_read_only"), Some(vec!["on".to_owned()]));
    table.add(team, since, ("damaged rows, with the code", What::Database));
}
