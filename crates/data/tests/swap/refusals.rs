//! Swaps that must not happen: nothing is changed, and the error says what to do.

use backout_core::port::PortError;

use crate::bench::{Bench, as_role, swap, swap_of, url};

/// The error of a swap, after which the shop is what it was and takes connections.
async fn refused(bench: &Bench) -> PortError {
    let before = bench.one("postgres", "SELECT oid::text FROM pg_database WHERE datname = 'shop'").await;
    let error = bench.perform(&swap()).await.unwrap_err();
    assert_eq!(bench.one("postgres", "SELECT oid::text FROM pg_database WHERE datname = 'shop'").await, before);
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('still open')").await;
    assert!(!bench.reached(&swap()).await.0);
    assert!(error.hint.is_some(), "{error:?}");
    error
}

#[tokio::test]
async fn a_prepared_transaction_is_named_and_stops_the_swap() {
    let bench = Bench::new(&[("max_prepared_transactions", "2")]).await;
    bench.copy("shop_rb").await;
    bench.sql("shop", "BEGIN; INSERT INTO orders (what) VALUES ('two phases'); PREPARE TRANSACTION 'gid-1'").await;
    let error = refused(&bench).await;
    assert!(error.what.contains("`gid-1`"), "{error:?}");
    bench.sql("shop", "COMMIT PREPARED 'gid-1'").await;
    bench.perform(&swap()).await.unwrap();
    assert_eq!(bench.one("shop_damaged", "SELECT count(*)::text FROM orders WHERE what = 'two phases'").await, "1");
}

#[tokio::test]
async fn a_slot_stops_the_swap_unless_it_may_be_broken_and_is_made_anew_then() {
    let bench = Bench::new(&[("wal_level", "logical")]).await;
    bench.copy("shop_rb").await;
    bench.sql("shop", "SELECT pg_create_logical_replication_slot('cdc', 'test_decoding')").await;
    bench.sql("shop", "SELECT pg_create_logical_replication_slot('backout_ours', 'test_decoding')").await;
    let error = refused(&bench).await;
    assert!(error.what.contains("cdc") && !error.what.contains("backout_ours"), "{error:?}");

    let done = bench.perform(&swap_of(true)).await.unwrap();

    assert!(done.seen.contains("`cdc` was made anew"), "{}", done.seen);
    let slots = "SELECT slot_name || ' ' || database FROM pg_replication_slots ORDER BY 1";
    assert_eq!(bench.list("postgres", slots).await, ["backout_ours shop_damaged", "cdc shop"]);
    bench.sql("shop", "SET synchronous_commit = on; INSERT INTO log (said) VALUES ('seen')").await;
    let changes = "SELECT count(*)::text FROM pg_logical_slot_peek_changes('cdc', NULL, NULL) WHERE data LIKE '%seen%'";
    assert_eq!(bench.one("shop", changes).await, "1");
}

#[tokio::test]
async fn a_copy_that_was_not_verified_stays_where_it_is() {
    let bench = Bench::new(&[]).await;
    bench.sql("postgres", "CREATE DATABASE shop_rb TEMPLATE shop").await;
    let error = refused(&bench).await;
    assert!(error.what.contains("verified"), "{error:?}");
}

#[tokio::test]
async fn a_database_in_the_way_is_left_alone() {
    let bench = Bench::new(&[]).await;
    bench.copy("shop_rb").await;
    bench.sql("postgres", "CREATE DATABASE shop_damaged").await;
    let error = refused(&bench).await;
    assert!(error.what.contains("`shop_damaged` already"), "{error:?}");
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_can_swap() {
    let mut bench = Bench::new(&[]).await;
    bench.sql("postgres", "GRANT pg_signal_backend TO owner").await;
    bench.place.url = url(&as_role(&bench.server, "owner", "shop"));
    bench.copy_as("owner", "shop_rb").await;
    let open = bench.session("web", "shop").await.unwrap();
    bench.perform(&swap()).await.unwrap();
    assert!(open.query_one("SELECT 1", &[]).await.is_err());
    assert!(bench.reached(&swap()).await.0);
    assert!(bench.session("web", "shop_damaged").await.is_err());
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('open')").await;
    let kept = bench.session("owner", "shop_damaged").await.unwrap();
    assert!(kept.execute("DELETE FROM orders", &[]).await.is_err());
    bench.undo(&swap()).await.unwrap();
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('open again')").await;
}

#[tokio::test]
async fn sessions_that_may_not_be_ended_are_named_and_everything_is_as_it_was() {
    let mut bench = Bench::new(&[]).await;
    bench.place.url = url(&as_role(&bench.server, "owner", "shop"));
    bench.copy_as("owner", "shop_rb").await;
    let open = bench.session("postgres", "shop").await.unwrap();
    let error = refused(&bench).await;
    assert!(error.what.contains("of postgres, a superuser"), "{error:?}");
    assert!(error.what.contains("nothing was changed"), "{error:?}");
    open.query_one("SELECT 1", &[]).await.unwrap();
}

#[tokio::test]
async fn a_role_that_may_not_create_databases_is_told_so_before_anything_is_touched() {
    let mut bench = Bench::new(&[]).await;
    bench.copy("shop_rb").await;
    bench.sql("postgres", "ALTER ROLE owner NOCREATEDB").await;
    bench.place.url = url(&as_role(&bench.server, "owner", "shop"));
    let error = refused(&bench).await;
    assert!(error.what.contains("role `owner` may not rename"), "{error:?}");
}

#[tokio::test]
async fn a_database_that_somebody_else_has_closed_stays_closed() {
    let bench = Bench::new(&[]).await;
    bench.copy("shop_rb").await;
    bench.sql("postgres", "ALTER DATABASE shop ALLOW_CONNECTIONS false").await;
    let error = bench.perform(&swap()).await.unwrap_err();
    assert!(error.what.contains("it was not `backout` that closed it"), "{error:?}");
    bench.undo(&swap()).await.unwrap();
    assert!(bench.session("postgres", "shop").await.is_err());
}
