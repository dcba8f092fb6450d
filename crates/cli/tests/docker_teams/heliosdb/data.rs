//! The database: migrations, damage, and the last resort.

use std::collections::BTreeSet;

use super::page::{BI, is_well};
use crate::client::{Writer, ask};
use crate::measured::{Table, What};
use crate::team::{Team, only_taken_back};

const AUDIT: &str = "/api/v1/audit";

/// What stands in the audit log.
fn audited(team: &Team) -> BTreeSet<String> {
    team.sql("SELECT words FROM audit").into_iter().collect()
}

/// What was promised to be kept and is not there.
fn missing<'a>(team: &Team, acknowledged: &'a [String]) -> Vec<&'a String> {
    let there = audited(team);
    acknowledged.iter().filter(|words| !there.contains(*words)).collect()
}

pub(super) fn a_migration_that_fails_half_way_is_undone_and_nothing_written_is_lost(team: &Team, table: &mut Table) {
    let (since, before, databases) = (team.journal().last(), team.seen(), team.databases());
    let writer = Writer::start(team.port("COMPLIANCE"), AUDIT, "migrating");
    let ended = team.guard(&["v7.0.1", BI]);
    let acknowledged = writer.stop();
    ended.expect_code(3);
    only_taken_back(&[BI], &before, &team.seen());
    assert_eq!(team.sql("SELECT name FROM users ORDER BY id"), ["ada", "grace"]);
    assert_eq!(team.sql("SELECT version FROM schema_migrations"), ["1"]);
    assert_eq!(missing(team, &acknowledged), Vec::<&String>::new());
    assert_eq!(team.databases(), databases, "no copy was needed");
    assert!(is_well(team));
    table.add(team, since, ("a migration that fails half-way", What::Database));
}

pub(super) fn rows_that_a_deploy_damaged_come_back_and_so_does_what_was_written_meanwhile(
    team: &Team,
    table: &mut Table,
) {
    let (since, databases) = (team.journal().last(), team.databases());
    let writer = Writer::start(team.port("COMPLIANCE"), AUDIT, "damaging");
    let ended = team.guard(&["v7.0.0", BI, "BI_MODE=corrupt"]);
    let acknowledged = writer.stop();
    ended.expect_code(3);
    assert_eq!(team.version().as_deref(), Some("v7.0.0-rc1"));
    assert_eq!(team.sql("SELECT sum(amount) FROM entries"), ["0"]);
    assert!(is_well(team));

    // What was put aside is whole, and only to be read.
    let aside: Vec<String> = team.databases().into_iter().filter(|name| !databases.contains(name)).collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    assert!(aside.starts_with("heliosdb_damaged_"), "{aside}");
    assert_eq!(team.sql_in(aside, "SELECT sum(amount) FROM entries"), ["100"]);
    assert_eq!(team.sql_in(aside, "SHOW default_transaction_read_only"), ["on"]);

    // What was written after the restore point was taken is listed, and put back.
    assert!(!missing(team, &acknowledged).is_empty(), "nothing was lost, so nothing is shown");
    team.backout(&["backup", "reimport", "--table", "public.audit", "--yes"]).expect_code(0);
    assert_eq!(missing(team, &acknowledged), Vec::<&String>::new());
    table.add(team, since, ("damaged rows", What::Database));
}

pub(super) fn a_person_takes_the_database_back_as_the_last_resort(team: &Team, table: &mut Table) {
    team.backout(&["backup", "create"]).expect_code(0);
    let id = team.newest_restore_point();
    let (since, before) = (team.journal().last(), audited(team));
    for number in 0..3 {
        let written = ask(team.port("COMPLIANCE"), "POST", AUDIT, &format!("late {number}"));
        assert_eq!(written.map(|(status, _)| status), Some(201));
    }
    let words = ["rollback", "--database", "main", "--backup", &id, "--reason", "the books do not balance", "--yes"];
    // The loss has to be agreed to by its number.
    let refused = team.backout(&words).expect_code(5);
    assert!(refused.stderr.contains("--accept-loss 3"), "{}", refused.stderr);
    team.backout(&[&words[..], &["--accept-loss", "3"]].concat()).expect_code(0);
    assert_eq!(audited(team), before);
    table.add(team, since, ("the last resort, by a person", What::Database));
    team.backout(&["backup", "reimport", "--yes"]).expect_code(0);
    assert_eq!(audited(team).len(), before.len() + 3);
    assert!(is_well(team));
}
