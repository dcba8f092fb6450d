//! Rows given back the values that a copy has.

use backout_core::data::{DataAct, ObjectName};

use super::ground::{COPY, Ground};
use crate::loss::{perform, reached, undo};

const SHOP: &str = "CREATE TABLE users (id int PRIMARY KEY, name text); \
    CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, note text); \
    CREATE TABLE other (id int PRIMARY KEY, note text); INSERT INTO other VALUES (1, 'old'); \
    INSERT INTO users SELECT n, 'user' FROM generate_series(1, 50) n; \
    INSERT INTO orders SELECT n, 1 + n % 50, 'old' FROM generate_series(1, 3000) n";

const BAD: &str = "UPDATE orders SET note = 'bad'; DELETE FROM orders WHERE user_id < 10; DELETE FROM users WHERE id < 5; \
    INSERT INTO orders VALUES (5000, 20, 'new'); UPDATE other SET note = 'kept'";

const ALL: &str = "SELECT (SELECT bit_xor(hashtextextended(u::text, 0)) FROM users u) # \
    (SELECT bit_xor(hashtextextended(o::text, 0)) FROM orders o) # (SELECT bit_xor(hashtextextended(r::text, 0)) FROM other r)";

fn act() -> DataAct {
    let tables = ["orders", "users"].map(|name| ObjectName::new("public", name)).to_vec();
    DataAct::UndoRows { copy: COPY.to_owned(), tables }
}

#[tokio::test]
async fn rows_have_their_values_back_inserted_ones_stay_and_all_of_it_can_be_taken_back() {
    let ground = Ground::new(SHOP).await;
    ground.back_up().await;
    ground.restore().await;
    ground.run("shop", BAD).await;
    let bad = ground.number("shop", ALL).await;
    let step = ground.step(act());
    assert!(!reached(&ground.target, &step, &ground.blobs).await.unwrap().0);
    let done = perform(&ground.target, &step, ground.ports()).await.unwrap();
    assert!(done.seen.contains("_backout_undo_shop_copy"), "{}", done.seen);
    let rows: Vec<_> = done.proof.rows.iter().map(|rows| (rows.table.name.as_str(), rows.before, rows.after)).collect();
    assert_eq!(rows, [("orders", Some(2461), Some(3001)), ("users", Some(46), Some(50))]);
    assert!(reached(&ground.target, &step, &ground.blobs).await.unwrap().0);
    assert_eq!(ground.number("shop", "SELECT count(*) FROM orders WHERE note = 'old'").await, 3000);
    assert_eq!(ground.number("shop", "SELECT count(*) FROM orders WHERE id = 5000").await, 1);
    assert_eq!(ground.number("shop", "SELECT count(*) FROM other WHERE note = 'kept'").await, 1);
    // Done again, it changes nothing.
    perform(&ground.target, &step, ground.ports()).await.unwrap();
    undo(&ground.target, &step, ground.ports()).await.unwrap();
    assert_eq!(ground.number("shop", ALL).await, bad);
    assert_eq!(ground.number("shop", "SELECT count(*) FROM pg_namespace WHERE nspname LIKE '\\_backout%'").await, 0);
    assert_eq!(undo(&ground.target, &step, ground.ports()).await.unwrap(), "no row was changed");
}

#[tokio::test]
async fn a_table_without_a_key_is_refused_before_anything_is_changed() {
    let ground = Ground::new(&format!("{SHOP}; CREATE TABLE log (line text)")).await;
    ground.back_up().await;
    ground.restore().await;
    ground.run("shop", BAD).await;
    let before = ground.number("shop", ALL).await;
    let tables = ["orders", "log"].map(|name| ObjectName::new("public", name)).to_vec();
    let step = ground.step(DataAct::UndoRows { copy: COPY.to_owned(), tables });
    let error = perform(&ground.target, &step, ground.ports()).await.unwrap_err();
    assert!(error.to_string().contains("`log` has no primary key"), "{error}");
    assert_eq!(ground.number("shop", ALL).await, before);
}
