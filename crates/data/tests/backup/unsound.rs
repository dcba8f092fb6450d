//! Databases that were unsound before they were dumped.

use backout_core::data::Level;
use backout_core::policy::Verdict;
use backout_core::port::Database as _;

use crate::ground::{Ground, fallen};

/// A key that was never validated is dumped and restored as it is, so only counting finds what it does not hold for.
#[tokio::test]
async fn rows_without_the_row_that_they_refer_to_keep_the_highest_level_from_being_reached() {
    let ground = Ground::new(
        "CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE items (id int PRIMARY KEY, of int); \
         ALTER TABLE items ADD CONSTRAINT of_order FOREIGN KEY (of) REFERENCES orders NOT VALID; \
         INSERT INTO orders VALUES (1); INSERT INTO items VALUES (1, 1)",
    )
    .await;
    let sound = ground.take().await.unwrap();
    assert_eq!(ground.verify(&sound, Level::V4).await.reached, Some(Level::V4));
    ground.database().release(&sound).await.unwrap();

    let session = ground.session().await;
    session.batch_execute("SET session_replication_role = replica; INSERT INTO items VALUES (2, 7)").await.unwrap();
    let point = ground.take().await.unwrap();
    let verification = ground.verify(&point, Level::V4).await;
    assert_eq!(verification.reached, Some(Level::V3), "{:?}", verification.checks);
    let orphans: Vec<_> = fallen(&verification).into_iter().filter(|check| check.name == "foreign keys hold").collect();
    assert_eq!(orphans[0].what, "1 row of `items` has no row in `orders` (`of_order`, which was never validated)");
}

/// One that the server did validate does not even restore, and the error names it.
#[tokio::test]
async fn rows_that_a_validated_key_does_not_hold_for_do_not_restore() {
    let ground = Ground::new(
        "CREATE TABLE orders (id int PRIMARY KEY); \
         CREATE TABLE items (id int PRIMARY KEY, of int CONSTRAINT of_order REFERENCES orders); \
         SET session_replication_role = replica; INSERT INTO items VALUES (2, 7)",
    )
    .await;
    let point = ground.take().await.unwrap();
    let verification = ground.verify(&point, Level::V4).await;
    assert_eq!(verification.reached, Some(Level::V1), "{:?}", verification.checks);
    assert!(fallen(&verification)[0].what.contains("of_order"), "{:?}", fallen(&verification));
}

/// The database in use wants a `REINDEX` then. What a restore builds is sorted by the collations of today.
#[tokio::test]
async fn a_collation_that_changed_where_it_was_dumped_is_told_and_says_nothing_against_the_dump() {
    let ground = Ground::new(
        "CREATE TABLE names (name text COLLATE \"de-x-icu\"); CREATE INDEX by_name ON names (name); \
         UPDATE pg_collation SET collversion = '1.0' WHERE collname = 'de-x-icu'",
    )
    .await;
    let point = ground.take().await.unwrap();
    let verification = ground.verify(&point, Level::V4).await;
    assert_eq!(verification.reached, Some(Level::V4), "{:?}", verification.checks);
    let told = |name: &str| verification.checks.iter().find(|check| check.name == name).unwrap();
    assert!(told("collations have not changed").what.contains("`REINDEX INDEX public.by_name`"));
    // A new cluster keeps none before PostgreSQL 18.
    let checksums = told("no checksum failed");
    assert!(matches!(checksums.verdict, Verdict::Unmeasurable | Verdict::Healthy), "{checksums:?}");
}
