//! SQL scripts that we run ourselves: renamed instead of dropped, in one transaction with the ledger.

use backout_core::data::{DataAct, DataStep, Framework};

use super::ground::Ground;
use crate::migrate::{reapply, soft_dropped};

const FIRST: &str = "-- migrate:up\nCREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text);\n\
                     -- migrate:down\nDROP TABLE orders;\n";
const SECOND: &str = "-- migrate:up\n\
    CREATE TABLE notes (id bigint PRIMARY KEY, order_id bigint REFERENCES orders, body text);\n\
    ALTER TABLE orders ADD COLUMN price numeric NOT NULL DEFAULT 1 CHECK (price > 0);\n\
    CREATE INDEX orders_price ON orders (price);\n\
    -- migrate:down\n\
    ALTER TABLE orders DROP CONSTRAINT orders_price_check, DROP COLUMN price;\n\
    DROP TABLE notes;\n";
const THIRD: &str = "-- migrate:up\nALTER TABLE orders ALTER note TYPE varchar(90);\n\
    -- migrate:down\nUPDATE orders SET note = left(note, 2);\nALTER TABLE orders ALTER note TYPE text;\n";

/// A shop with dbmate's ledger, at its third migration with rows of the new release; the step leads back to its first.
async fn shop() -> (Ground, DataStep) {
    let ground = Ground::new(Framework::Dbmate, Some("db"), None).await;
    let files = [("db/1_first.sql", FIRST), ("db/2_second.sql", SECOND), ("db/3_third.sql", THIRD)];
    ground.deploy("old", &files[..1]);
    let up = |text: &str| text.split("-- migrate:down").next().unwrap().to_owned();
    ground.sql("CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)").await;
    ground.sql(&format!("{}; INSERT INTO schema_migrations VALUES ('1')", up(FIRST))).await;
    ground.sql("INSERT INTO orders (note) VALUES ('before')").await;
    let then = ground.seen().await;
    ground.deploy("new", &files);
    let vault = ground.vault().await;
    ground.sql(&format!("{}; {}; INSERT INTO schema_migrations VALUES ('2'), ('3')", up(SECOND), up(THIRD))).await;
    ground.sql("INSERT INTO orders (note, price) VALUES ('during', 42); INSERT INTO notes VALUES (1, 2, 'kept')").await;
    let step = ground.step(&then, &vault).await;
    (ground, step)
}

const ORDERS: &str = "SELECT note || ' ' || price FROM orders ORDER BY id";

#[tokio::test]
async fn rows_written_since_stay_and_what_the_old_schema_has_no_place_for_is_put_aside_and_back() {
    let (ground, step) = shop().await;
    let before = ground.column(ORDERS).await;
    assert!(!ground.is_reached(&step).await);
    let done = ground.perform(&step).await.unwrap();
    assert!(done.seen.starts_with("2 migrations were undone"), "{}", done.seen);
    assert!(ground.is_reached(&step).await);
    // What the old release sees: its own columns, and no constraint, index or not-null of the column put aside.
    assert_eq!(ground.column("SELECT note FROM orders ORDER BY id").await, ["be", "du"]);
    ground.sql("INSERT INTO orders (note) VALUES ('old release')").await;
    let seen = ground.seen().await.0;
    let orders = seen.tables.iter().find(|table| table.name.name == "orders").unwrap();
    let names: Vec<&str> = orders.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["_rb7_price", "id", "note"]);
    assert!(orders.indexes.is_empty() && orders.constraints.len() == 1, "{orders:?}");
    assert!(!seen.tables.iter().any(|table| table.name.name == "notes"));
    ground.sql("DELETE FROM orders WHERE note = 'none'").await;
    assert_eq!(soft_dropped(&*ground.session().await).await.unwrap().len(), 2);
    // Forward again: every value is what it was, and what the old release wrote has its default.
    ground.undo(&step).await.unwrap();
    let after = ground.column(ORDERS).await;
    assert_eq!(after[..2], before[..]);
    assert_eq!(after[2], "old release 1");
    assert_eq!(ground.column("SELECT body FROM notes").await, ["kept"]);
    assert_eq!(soft_dropped(&*ground.session().await).await.unwrap(), []);
    assert!(reapply(&ground.target, "_backout_7").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_put_aside_is_renamed_back_as_it_was() {
    let (ground, step) = shop().await;
    let before = ground.column(ORDERS).await;
    let schema = ground.seen().await.0;
    ground.perform(&step).await.unwrap();
    ground.sql("INSERT INTO orders (note) VALUES ('old')").await;
    let objects = soft_dropped(&*ground.session().await).await.unwrap();
    let restore = DataStep { act: DataAct::SoftRestore { objects }, ..step };
    assert!(!ground.is_reached(&restore).await);
    ground.perform(&restore).await.unwrap();
    ground.perform(&restore).await.unwrap();
    assert!(ground.is_reached(&restore).await);
    // What the scripts changed besides is not undone by renaming.
    ground.sql("ALTER TABLE orders ALTER note TYPE varchar(90), ADD CHECK (price > 0)").await;
    assert_eq!(ground.seen().await.0, schema);
    let after = ground.column("SELECT price::text FROM orders ORDER BY id").await;
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after, ["1", "42", "1"]);
}

#[tokio::test]
async fn a_step_that_fails_leaves_its_migration_applied_and_goes_on_later() {
    let (ground, step) = shop().await;
    // Something stands in the way of the second step, in the last statement of its script.
    ground.sql("CREATE TABLE other (id bigint)").await;
    let blocker = ground.session().await;
    blocker.batch_execute("BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let error = ground.perform(&step).await.unwrap_err();
    assert!(error.what.contains("lock timeout"), "{error}");
    let column = "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'orders' AND column_name LIKE '%price'";
    assert_eq!(ground.column(column).await, ["price"]);
    blocker.batch_execute("ROLLBACK").await.unwrap();
    ground.perform(&step).await.unwrap();
    assert!(ground.is_reached(&step).await);
    ground.perform(&step).await.unwrap();
    assert_eq!(soft_dropped(&*ground.session().await).await.unwrap().len(), 2);
}

#[tokio::test]
async fn being_killed_anywhere_and_going_on_leads_to_the_same_end() {
    for wait in [1, 5, 10, 15, 20, 30, 50] {
        let (ground, step) = shop().await;
        for _ in 0..4 {
            drop(tokio::time::timeout(std::time::Duration::from_millis(wait), ground.perform(&step)).await);
        }
        // The server ends what a client that is gone has begun; until then its lock is held.
        while let Err(error) = ground.perform(&step).await {
            assert!(error.what.contains("another run"), "{error}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(ground.is_reached(&step).await);
        ground.undo(&step).await.unwrap();
        assert_eq!(ground.column(ORDERS).await, ["before 1", "during 42"]);
    }
}

#[tokio::test]
async fn a_migration_applied_since_the_plan_stops_it() {
    let (ground, step) = shop().await;
    ground.sql("INSERT INTO schema_migrations VALUES ('4')").await;
    let error = ground.perform(&step).await.unwrap_err();
    assert!(error.what.contains("`4` was applied since"), "{error}");
    assert_eq!(ground.column("SELECT note FROM orders ORDER BY id").await, ["before", "during"]);
}
