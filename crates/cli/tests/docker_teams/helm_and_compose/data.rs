//! The database: migrations and damage.

use backout_testkit::guarded::wait_until;

use super::page::{is_well, order};
use crate::measured::{Table, What};
use crate::team::{SOON, Team, only_replaced};

const VERSIONS: &str = "SELECT version FROM schema_migrations ORDER BY 1";
const GOOD: [&str; 2] = ["20261101000000", "20261108000000"];

fn columns(team: &Team) -> Vec<String> {
    let query =
        "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped";
    let mut columns = team.sql(query);
    columns.sort();
    columns
}

fn orders(team: &Team, cents: u32) -> Vec<String> {
    team.sql(&format!("SELECT count(*) FROM orders WHERE cents = {cents}"))
}

/// Two orders of the same amount are in the way of its index.
pub(super) fn a_migration_that_fails_changes_nothing(team: &Team) {
    let (before, columns_before) = (team.seen(), columns(team));
    team.guard(&["main-broken"]).expect_code(3);
    assert_eq!(team.seen(), before, "no container was touched");
    assert_eq!((columns(team), team.sql(VERSIONS)), (columns_before, GOOD.map(str::to_owned).to_vec()));
    assert!(is_well(team));
}

pub(super) fn a_migration_that_drops_a_column_is_undone_and_no_order_is_lost(team: &Team, table: &mut Table) {
    let (since, before, databases) = (team.journal().last(), team.seen(), team.databases());
    let guard = team.start_guard(&["--soak", "40s"], &["main-price"]);
    wait_until("an order to be placed with the new version", SOON, || {
        team.version().as_deref() == Some("main-price") && order(team, 777) == Some(201)
    });
    let _ = team.await_record(since, "after_seen");
    // Compose may make more anew than the version; what goes back is the version alone.
    let deployed = team.seen();
    guard.wait().expect_code(3);
    let after = team.seen();
    only_replaced(&["api"], &deployed, &after);
    assert_eq!(after["api"].image, before["api"].image);
    let (kept, own): (Vec<String>, Vec<String>) = columns(team).into_iter().partition(|name| name.starts_with("_rb"));
    assert_eq!((own.join(" "), team.sql(VERSIONS)), ("cents id note".to_owned(), GOOD.map(str::to_owned).to_vec()));
    // What undoing it would have destroyed is put aside.
    let [price] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(team.sql(&format!("SELECT \"{price}\" FROM orders WHERE cents = 777")), ["7.77"]);
    assert_eq!((orders(team, 777), orders(team, 100)), (vec!["1".to_owned()], vec!["2".to_owned()]));
    assert_eq!(team.databases(), databases, "no copy was needed");
    assert!(is_well(team));
    table.add(team, since, ("a migration that drops a column", What::Database));
}

pub(super) fn damaged_rows_come_back_and_so_do_the_orders_placed_meanwhile(team: &Team, table: &mut Table) {
    let (since, databases) = (team.journal().last(), team.databases());
    let negative = "SELECT count(*) FROM orders WHERE cents < 0";
    let guard = team.start_guard(&["--soak", "40s"], &["main-negative"]);
    let mut placed = 0;
    wait_until("the deploy to be watched", SOON, || {
        placed += u32::from(order(team, 888) == Some(201));
        std::thread::sleep(std::time::Duration::from_millis(50));
        team.journal().since(since).iter().any(|record| record.kind == "decided")
    });
    guard.wait().expect_code(3);
    assert_eq!((team.version().as_deref(), team.sql(negative)), (Some("main-1"), vec!["0".to_owned()]));
    assert!(is_well(team));

    // What was put aside is whole, and only to be read.
    let aside: Vec<String> = team.databases().into_iter().filter(|name| !databases.contains(name)).collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    assert!(aside.starts_with("app_damaged_"), "{aside}");
    assert_eq!(team.sql_in(aside, negative), ["5"]);
    assert_eq!(team.sql_in(aside, "SHOW default_transaction_read_only"), ["on"]);

    // Orders that were placed after the restore point was taken are put back, every one; what did the damage is not.
    let damaging = team.sql_in(aside, "SELECT DISTINCT xmin::text FROM orders WHERE cents < 0");
    let written: u32 = orders(team, 888)[0].parse().unwrap();
    assert!(written < placed, "nothing was lost, so nothing is shown");
    team.backout(&["backup", "reimport", "--exclude", &damaging[0], "--yes"]).expect_code(0);
    let written: u32 = orders(team, 888)[0].parse().unwrap();
    assert!(written >= placed, "{written} of {placed}");
    assert_eq!(team.sql(negative), ["0"]);
    table.add(team, since, ("damaged rows", What::Database));
}
