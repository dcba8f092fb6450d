//! The database: migrations, damage, and a dump that nobody else can read.

use std::path::Path;

use super::page::{is_reverted, is_well, post};
use crate::machine::Machine;
use crate::measured::{Recorded as _, Table, What};

/// Whether the books balance.
const BALANCE: &str = "SELECT sum(debit) = sum(credit) FROM accounting_journalentry";
/// The last migration of the books.
const LAST_MIGRATION: &str = "SELECT max(name) FROM django_migrations WHERE app = 'accounting'";
/// Everything that was posted.
const ROWS: &str = "SELECT * FROM accounting_journalentry ORDER BY id";
const COLUMNS: &str = "SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute \
                       WHERE attrelid = 'accounting_journalentry'::regclass AND attnum > 0 AND NOT attisdropped";

/// A rollback to which the administrator of the database has agreed.
const AGREED: [&str; 5] = ["rollback", "--yes", "--approved-by", "dba", "--reason"];

pub(super) fn a_migration_that_fails_half_way_goes_back_without_the_data(machine: &Machine, table: &mut Table) {
    let (since, rows, databases) = (machine.journal().last(), machine.sql(ROWS), machine.databases());
    machine.guard("v1.5.3-migration").expect_code(3);
    is_reverted(machine, "v1.5.3-migration");
    assert_eq!((machine.sql(ROWS), machine.databases()), (rows, databases));
    assert_eq!(machine.sql(LAST_MIGRATION), ["0002_add_journal_entry"]);
    assert!(is_well(machine));
    table.add(machine, since, ("a migration that fails half-way", What::Service));
    // Its first half was no transaction with the second, and is in nobody's way.
    assert_eq!(machine.sql("SELECT to_regclass('accounting_auditlog')"), ["accounting_auditlog"]);
    machine.sql("DROP TABLE accounting_auditlog");
}

pub(super) fn a_migration_is_undone_when_a_person_agrees_and_what_it_brought_is_kept(
    machine: &Machine,
    table: &mut Table,
) {
    let databases = machine.databases();
    let held = machine.guard("v1.5.3-audit").expect_code(4);
    assert!(held.stderr.contains("backout rollback"), "{}", held.stderr);
    assert_eq!(
        machine.version().as_deref(),
        Some("v1.5.3-audit"),
        "data does not go back by itself, and code not without it"
    );
    machine.sql("INSERT INTO accounting_journalentry (debit, credit, memo, author) VALUES (7, 7, 'by name', 'ada')");

    let since = machine.journal().last();
    let refused = machine.backout(&["rollback", "--yes", "--reason", "nobody was asked"]).expect_code(5);
    assert!(refused.stderr.contains("approval-missing"), "{}", refused.stderr);
    machine.backout(&[&AGREED[..], &["readiness fails since v1.5.3"]].concat()).expect_code(0);
    is_reverted(machine, "v1.5.3-audit");
    assert_eq!(machine.sql(COLUMNS), ["credit debit id memo"]);
    assert_eq!(machine.sql(LAST_MIGRATION), ["0002_add_journal_entry"]);
    assert_eq!(machine.databases(), databases, "no copy was needed");
    // For safety it was dumped before, as it was then.
    let taken = machine.journal().since(since).into_iter().rfind(|record| record.kind == "backup_taken").unwrap();
    let listed = machine.backout(&["backup", "list"]).expect_code(0).stdout;
    assert!(listed.contains(taken.text("/point/id").unwrap()), "{listed}");
    assert_eq!(post(machine, "without a name"), Some(201));
    assert_eq!(machine.sql("SELECT count(*) FROM accounting_journalentry WHERE memo = 'by name'"), ["1"]);

    // What the good version has no place for is kept.
    let schemas = machine.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE '\\_backout\\_%'");
    let [kept_in] = schemas.as_slice() else { panic!("{schemas:?}") };
    let query = format!(
        "SELECT author FROM {kept_in}.accounting_journalentry__author JOIN accounting_journalentry USING (id) \
                         WHERE memo = 'by name'"
    );
    assert_eq!(machine.sql(&query), ["ada"]);
    table.add(machine, since, ("a migration undone, by a person", What::Database));
}

pub(super) fn damaged_entries_come_back_from_an_encrypted_dump_and_so_does_what_was_posted_since(
    machine: &Machine,
    table: &mut Table,
) {
    let databases = machine.databases();
    machine.guard("v1.5.3-loss").expect_code(4);
    assert_eq!(machine.sql(BALANCE), ["f"]);
    assert_eq!(post(machine, "after the damage"), Some(201));
    let stored = stored(&machine.path("team/backups"));
    assert!(
        stored.iter().any(|file| file == "Salted__") && !stored.iter().any(|file| file.starts_with("PGDMP")),
        "{stored:?}"
    );

    let since = machine.journal().last();
    let words = [&AGREED[..], &["the books do not balance"]].concat();
    // The loss has to be agreed to by its number.
    let refused = machine.backout(&words).expect_code(5);
    assert!(refused.stderr.contains("--accept-loss"), "{}", refused.stderr);
    machine.backout(&[&words[..], &["--accept-loss", "100"]].concat()).expect_code(0);
    is_reverted(machine, "v1.5.3-loss");
    assert_eq!(
        (machine.sql(BALANCE), machine.sql(LAST_MIGRATION)),
        (vec!["t".to_owned()], vec!["0002_add_journal_entry".to_owned()])
    );
    assert!(is_well(machine));

    // What was put aside is whole, and only to be read.
    let aside: Vec<String> = machine.databases().into_iter().filter(|name| !databases.contains(name)).collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    assert!(aside.starts_with("himalytix_damaged_"), "{aside}");
    assert_eq!(machine.sql_in(aside, BALANCE), ["f"]);
    assert_eq!(machine.sql_in(aside, "SHOW default_transaction_read_only"), ["on"]);

    // What was posted after the dump is listed, and put back.
    let posted = "SELECT count(*) FROM accounting_journalentry WHERE memo = 'after the damage'";
    assert_eq!(machine.sql(posted), ["0"]);
    // The migration's own transaction is left out: what it did is the damage.
    let damage = machine.sql_in(aside, "SELECT DISTINCT xmin FROM accounting_journalentry WHERE credit = 0");
    let [xid] = damage.as_slice() else { panic!("{damage:?}") };
    let words = ["backup", "reimport", "--table", "public.accounting_journalentry", "--exclude", xid, "--yes"];
    machine.backout(&words).expect_code(0);
    assert_eq!((machine.sql(posted), machine.sql(BALANCE)), (vec!["1".to_owned()], vec!["t".to_owned()]));
    table.add(machine, since, ("damaged rows, by a person", What::Database));
}

/// How each file that is stored begins.
fn stored(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let each = entries.flat_map(|path| match path.is_dir() {
        true => stored(&path),
        false => vec![String::from_utf8_lossy(&std::fs::read(&path).unwrap()).chars().take(8).collect()],
    });
    each.collect()
}
