//! The release that is going away writes until its columns and tables are gone: what is kept is what it wrote last.

use backout_core::data::{Framework, ObjectName, Preserve};

use super::ground::Ground;
use crate::look::schema;
use crate::migrate::{keep, mirror, reapply};

const KEPT_IN: &str = "_backout_7";
const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, total int, \"Dis'count\" numeric);
    INSERT INTO orders VALUES (1, 10, 0.5), (2, 20, 0.25), (3, 30, 0);
    CREATE ROLE app LOGIN; GRANT ALL ON orders TO app";
const DISCOUNTS: &str = "SELECT id || ' ' || \"Dis'count\" FROM _backout_7.kept_here ORDER BY id";

fn names(table: &str) -> (ObjectName, ObjectName) {
    (ObjectName::new("public", table), ObjectName::new(KEPT_IN, "kept_here"))
}

fn column(table: &str, column: &str) -> Preserve {
    let (table, kept_as) = names(table);
    Preserve::Column { table, column: column.to_owned(), kept_as }
}

/// A database with these tables, in which one thing is copied as before the migrations of a tool.
async fn copied(framework: Framework, tables: &str, preserve: Preserve) -> Ground {
    let ground = Ground::new(framework, None, None).await;
    ground.sql(tables).await;
    let mut session = ground.session().await;
    let whose = (framework, KEPT_IN);
    assert_eq!(keep::copy(session.client(), whose, std::slice::from_ref(&preserve), &|_| false).await.unwrap(), 1);
    // Whoever does it again changes nothing.
    assert_eq!(keep::copy(session.client(), whose, &[preserve], &|_| false).await.unwrap(), 0);
    assert!(mirror::is_on(&session, KEPT_IN).await.unwrap());
    ground
}

async fn ended(ground: &Ground) {
    let session = ground.session().await;
    mirror::end(&session, KEPT_IN).await.unwrap();
    mirror::end(&session, KEPT_IN).await.unwrap();
    assert!(!mirror::is_on(&session, KEPT_IN).await.unwrap());
    assert!(ground.column("SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal").await.is_empty());
}

#[tokio::test]
async fn what_is_written_between_the_copy_and_the_undoing_is_kept_as_well() {
    let ground = copied(Framework::Django, ORDERS, column("orders", "Dis'count")).await;
    // An application's role, which may not look into what is kept.
    let late = "SET ROLE app; INSERT INTO orders VALUES (4, 40, 0.125), (5, 50, 1);
                UPDATE orders SET \"Dis'count\" = 0.75 WHERE id = 2; UPDATE orders SET id = 6 WHERE id = 5;
                DELETE FROM orders WHERE id = 3";
    ground.sql(late).await;
    let kept = ["1 0.5", "2 0.75", "4 0.125", "6 1"];
    assert_eq!(ground.column(DISCOUNTS).await, kept);
    ground.sql("ALTER TABLE orders DROP COLUMN \"Dis'count\"").await;
    ground.sql("SET ROLE app; INSERT INTO orders VALUES (7, 70); UPDATE orders SET total = 11 WHERE id = 1").await;
    ended(&ground).await;
    assert_eq!(ground.column(DISCOUNTS).await, kept);
}

#[tokio::test]
async fn a_session_that_followed_before_the_column_was_dropped_goes_on_writing() {
    let ground = copied(Framework::Django, ORDERS, column("orders", "Dis'count")).await;
    let application = ground.session().await;
    application.batch_execute("INSERT INTO orders VALUES (4, 40, 0.125)").await.unwrap();
    ground.sql("ALTER TABLE orders DROP COLUMN \"Dis'count\"").await;
    application.batch_execute("INSERT INTO orders VALUES (5, 50)").await.unwrap();
    ground.sql("ALTER TABLE orders ADD COLUMN \"Dis'count\" text").await;
    application.batch_execute("INSERT INTO orders VALUES (6, 60, 'much')").await.unwrap();
    // No more is anybody disturbed when the copy is gone.
    ground
        .sql("ALTER TABLE orders DROP COLUMN \"Dis'count\"; ALTER TABLE orders ADD COLUMN \"Dis'count\" numeric")
        .await;
    ground.sql("DROP TABLE _backout_7.kept_here").await;
    application.batch_execute("UPDATE orders SET \"Dis'count\" = 1").await.unwrap();
    assert_eq!(ground.column("SELECT count(*)::text FROM orders").await, ["6"]);
    ended(&ground).await;
}

#[tokio::test]
async fn what_the_migrations_write_themselves_is_not_in_the_copy() {
    let ground = copied(Framework::Django, ORDERS, column("orders", "Dis'count")).await;
    let ours = format!("SET {} = '{}'", mirror::OURS.0, mirror::OURS.1);
    ground.sql(&format!("{ours}; UPDATE orders SET \"Dis'count\" = 0; DELETE FROM orders WHERE id = 1")).await;
    // The application touches a row of which the script has overwritten the value.
    ground.sql("SET ROLE app; UPDATE orders SET total = 21 WHERE id = 2").await;
    assert_eq!(ground.column(DISCOUNTS).await, ["1 0.5", "2 0.25", "3 0"]);
}

#[tokio::test]
async fn where_a_tool_cannot_be_told_from_the_application_only_new_rows_are_followed() {
    let ground = copied(Framework::Flyway, ORDERS, column("orders", "Dis'count")).await;
    ground.sql("INSERT INTO orders VALUES (4, 40, 0.125); UPDATE orders SET \"Dis'count\" = 0").await;
    ground.sql("DELETE FROM orders; INSERT INTO orders VALUES (1, 10, 0)").await;
    assert_eq!(ground.column(DISCOUNTS).await, ["1 0.5", "2 0.25", "3 0", "4 0.125"]);
}

#[tokio::test]
async fn values_that_have_no_equality_and_keys_of_extensions_are_followed_as_they_are() {
    let tables = "CREATE EXTENSION ltree; CREATE EXTENSION hstore; CREATE TYPE mood AS ENUM ('sad', 'happy');
         CREATE TABLE things (\"new\" ltree, found mood, place json, tag hstore, notes jsonb, tree xml, rate float8,
             twice int GENERATED ALWAYS AS (length(place::text) * 2) STORED, PRIMARY KEY (\"new\", twice));
         INSERT INTO things VALUES ('a.b', 'sad', '{\"a\":  1}', 'x=>1', 'null', '<a/>', 'NaN')";
    let (table, kept_as) = names("things");
    let ground = copied(Framework::Rails, tables, Preserve::Table { table, kept_as }).await;
    ground.sql("INSERT INTO things VALUES ('c', 'happy', '{\"b\":  1, \"b\": 2}', 'y=>2', 'null', '<b/>', 0.1)").await;
    ground.sql("UPDATE things SET place = '[1,  2]', tag = 'x=>3', found = 'happy' WHERE \"new\" = 'a.b'").await;
    ground.sql("INSERT INTO things VALUES ('d', 'sad', '1'); DELETE FROM things WHERE \"new\" = 'd'").await;
    let both = |from: &str| format!("SELECT t::text FROM {from} AS t ORDER BY \"new\"");
    let there = ground.column(&both("things")).await;
    assert_eq!(there.len(), 2, "{there:?}");
    assert_eq!(ground.column(&both("_backout_7.kept_here")).await, there);
    ground.sql("DROP TABLE things").await;
    ended(&ground).await;
}

#[tokio::test]
async fn partitions_are_followed_and_rows_without_a_key_are_not() {
    let tables = "CREATE TABLE events (at date, id int, what text, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
         CREATE TABLE early PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2026-01-01');
         CREATE TABLE late PARTITION OF events DEFAULT; CREATE TABLE loose (what text)";
    let (table, kept_as) = names("events");
    let ground = copied(Framework::Alembic, tables, Preserve::Rows { table, kept_as }).await;
    ground
        .sql("INSERT INTO early VALUES ('2021-01-01', 1, 'a'); INSERT INTO events VALUES ('2027-01-01', 2, 'b')")
        .await;
    ground.sql("UPDATE events SET at = '2028-01-01', what = 'c' WHERE id = 1").await;
    let kept = ground.column("SELECT at || ' ' || id || ' ' || what FROM _backout_7.kept_here ORDER BY at").await;
    assert_eq!(kept, ["2027-01-01 2 b", "2028-01-01 1 c"]);
    let loose =
        Preserve::Rows { table: ObjectName::new("public", "loose"), kept_as: ObjectName::new("_backout_8", "x") };
    let mut session = ground.session().await;
    let whose = (Framework::Alembic, "_backout_8");
    assert_eq!(keep::copy(session.client(), whose, &[loose], &|_| false).await.unwrap(), 1);
    assert!(!mirror::is_on(&session, "_backout_8").await.unwrap());
}

#[tokio::test]
async fn what_a_run_that_was_given_up_left_is_no_part_of_the_schema_and_ends_when_all_is_put_back() {
    let ground = Ground::new(Framework::Django, None, None).await;
    ground.sql(ORDERS).await;
    let before = schema(&*ground.session().await).await.unwrap();
    let preserve = [column("orders", "Dis'count")];
    let whose = (Framework::Django, KEPT_IN);
    keep::copy(ground.session().await.client(), whose, &preserve, &|_| false).await.unwrap();
    assert_eq!(schema(&*ground.session().await).await.unwrap(), before);
    ground.sql("UPDATE orders SET \"Dis'count\" = 7 WHERE id = 1").await;
    let holder = ground.session().await;
    holder.batch_execute("BEGIN; SELECT FROM orders").await.unwrap();
    let (sentences, _) = tokio::join!(reapply(&ground.target, KEPT_IN), async {
        tokio::time::sleep(std::time::Duration::from_millis(4000)).await;
        holder.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(sentences.unwrap(), ["column `Dis'count` of `orders` was put back: 0 rows"]);
    let discounts = "SELECT \"Dis'count\"::text FROM orders ORDER BY id";
    assert_eq!(ground.column(discounts).await, ["7", "0.25", "0"]);
    ended(&ground).await;
}
