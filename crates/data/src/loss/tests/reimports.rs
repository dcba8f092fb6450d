//! Lost rows put back beside what was written since.

use super::ground::{Ground, short};
use crate::loss::{Conflict, ReimportOptions, ReimportReport, reimport};

const SHOP: &str = "CREATE TABLE users (id int PRIMARY KEY, mail text UNIQUE, boss int REFERENCES users); \
    CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, note text); \
    INSERT INTO users SELECT n, 'user' || n FROM generate_series(1, 10) n; \
    INSERT INTO orders SELECT n, 1 + n % 10, 'old' FROM generate_series(1, 20) n";

/// Writes on both sides of a swap, so that every line of the table of truth is met.
async fn both_sides() -> (Ground, backout_core::data::LossReport, backout_core::data::RestorePoint) {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    let before = "INSERT INTO users VALUES (20, 'twenty', 21), (21, 'twentyone', NULL), (22, 'taken', NULL); \
        INSERT INTO orders VALUES (30, 20, 'new'), (31, 22, 'of one who cannot come back'); \
        UPDATE orders SET note = 'changed' WHERE id IN (1, 2, 3); DELETE FROM orders WHERE id IN (10, 11)";
    ground
        .run(
            "shop",
            &before
                .replace("(20, 'twenty', 21), (21, 'twentyone', NULL)", "(21, 'twentyone', NULL), (20, 'twenty', 21)"),
        )
        .await;
    ground.go_back().await;
    let (report, _) = ground.report(&point).await;
    let after = "INSERT INTO users VALUES (50, 'taken', NULL); UPDATE orders SET note = 'after' WHERE id = 2; \
        DELETE FROM orders WHERE id = 3; UPDATE orders SET note = 'after' WHERE id = 11";
    ground.run("shop", after).await;
    (ground, report, point)
}

fn conflicts(done: &ReimportReport) -> Vec<Conflict> {
    let text = std::fs::read_to_string(done.conflicts.as_ref().unwrap()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn rows_come_back_and_nothing_that_was_written_since_is_overwritten() {
    let (ground, report, _) = both_sides().await;
    let done = ground.reimport(&report, &ReimportOptions::default()).await;
    let lost: Vec<_> = conflicts(&done).into_iter().map(|conflict| conflict.lost).collect();
    // The user whose address was taken, their order, the row changed on both sides, the row deleted since, and the delete of
    // a row that was changed since.
    assert_eq!(short(&lost), ["+orders 31", "+users 22", "-orders 11", "~orders 2", "~orders 3"]);
    let orders = done.tables.iter().find(|table| table.table.name == "orders").unwrap();
    assert_eq!((orders.inserted, orders.updated, orders.deleted, orders.listed, orders.conflicts), (1, 1, 0, 1, 4));
    let users = done.tables.iter().find(|table| table.table.name == "users").unwrap();
    assert_eq!((users.inserted, users.conflicts), (2, 1));
    assert_eq!(ground.number("shop", "SELECT count(*) FROM orders WHERE note = 'after'").await, 2);
    assert_eq!(
        ground.number("shop", "SELECT count(*) FROM orders WHERE (id, note) IN ((1, 'changed'), (30, 'new'))").await,
        2
    );
}

#[tokio::test]
async fn a_dry_run_meets_the_same_conflicts_and_changes_nothing() {
    let (ground, report, _) = both_sides().await;
    let dry = ground.reimport(&report, &ReimportOptions { dry_run: true, ..ReimportOptions::default() }).await;
    assert_eq!(ground.number("shop", "SELECT count(*) FROM users WHERE id IN (20, 21)").await, 0);
    assert!(dry.undo.is_empty());
    let done = ground.reimport(&report, &ReimportOptions::default()).await;
    assert_eq!(dry.tables, done.tables);
}

#[tokio::test]
async fn putting_back_twice_is_as_once_and_it_can_be_taken_back() {
    let (ground, report, _) = both_sides().await;
    let fingerprint = "SELECT (SELECT bit_xor(hashtextextended(u::text, 0)) FROM users u) # \
        (SELECT bit_xor(hashtextextended(o::text, 0)) FROM orders o)";
    let before = ground.number("shop", fingerprint).await;
    let options = ReimportOptions { with_deletes: true, ..ReimportOptions::default() };
    let done = ground.reimport(&report, &options).await;
    assert_eq!(ground.number("shop", "SELECT count(*) FROM orders WHERE id = 10").await, 0);
    let after = ground.number("shop", fingerprint).await;
    let again = ground.reimport(&report, &options).await;
    assert!(again.tables.iter().all(|table| table.inserted + table.updated + table.deleted == 0), "{again:?}");
    assert_eq!(ground.number("shop", fingerprint).await, after);
    for undo in &done.undo {
        reimport(&ground.target, undo.as_ref(), &options).await.unwrap();
    }
    assert_eq!(ground.number("shop", fingerprint).await, before);
}

#[tokio::test]
async fn tables_transactions_and_numbers_of_rows_can_be_limited() {
    let (ground, report, _) = both_sides().await;
    let few = ReimportOptions { max_rows: Some(3), ..ReimportOptions::default() };
    let error = reimport(&ground.target, report.file.as_ref().unwrap().as_ref(), &few).await.unwrap_err();
    assert!(error.to_string().contains("at most 3"), "{error}");
    let users = vec![backout_core::data::ObjectName::new("public", "users")];
    let only = ReimportOptions { tables: users, ..ReimportOptions::default() };
    let done = ground.reimport(&report, &only).await;
    assert_eq!(done.tables.len(), 1);
    assert_eq!(ground.number("shop", "SELECT count(*) FROM orders WHERE id = 30").await, 0);
    let xids: Vec<u32> = ground.report_xids(&report);
    let none = ground.reimport(&report, &ReimportOptions { exclude: xids, ..ReimportOptions::default() }).await;
    assert!(none.tables.iter().all(|table| table.inserted + table.updated == 0), "{none:?}");
}

#[tokio::test]
async fn triggers_are_silent_only_where_that_is_wanted() {
    let ground = Ground::new(
        "CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE sent (id int); \
         CREATE FUNCTION send() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO sent VALUES (NEW.id); RETURN NEW; END$$; \
         CREATE TRIGGER send AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION send(); \
         CREATE TRIGGER off AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION send(); ALTER TABLE orders DISABLE TRIGGER off",
    )
    .await;
    let (_, point) = ground.back_up().await;
    ground.run("shop", "INSERT INTO orders VALUES (1), (2); TRUNCATE sent").await;
    ground.go_back().await;
    let (report, _) = ground.report(&point).await;
    let silent = ReimportOptions { without_triggers: true, ..ReimportOptions::default() };
    let done = ground.reimport(&report, &silent).await;
    assert!(done.notes.iter().any(|note| note.contains("silent")));
    assert_eq!(ground.number("shop", "SELECT count(*) FROM sent").await, 0);
    let enabled = "SELECT count(*) FROM pg_trigger WHERE (tgname, tgenabled) IN (('send', 'O'), ('off', 'D'))";
    assert_eq!(ground.number("shop", enabled).await, 2);
    ground.run("shop", "DELETE FROM orders").await;
    ground.reimport(&report, &ReimportOptions::default()).await;
    assert_eq!(ground.number("shop", "SELECT count(*) FROM sent").await, 2);
}

#[tokio::test]
async fn a_delete_takes_no_row_of_another_table_along() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground.run("shop", "DELETE FROM orders WHERE user_id = 5; DELETE FROM users WHERE id = 5").await;
    ground.go_back().await;
    let (report, _) = ground.report(&point).await;
    ground.run("shop", "INSERT INTO orders VALUES (900, 5, 'since')").await;
    let options = ReimportOptions { with_deletes: true, ..ReimportOptions::default() };
    let done = ground.reimport(&report, &options).await;
    assert_eq!(short(&conflicts(&done).into_iter().map(|conflict| conflict.lost).collect::<Vec<_>>()), ["-users 5"]);
    assert_eq!(ground.number("shop", "SELECT count(*) FROM orders WHERE user_id = 5").await, 1);
}
