//! What stands under which name after a swap, and after it was taken back.

use crate::bench::{Bench, swap};

const ACL: &str = "SELECT array_to_string(ARRAY(SELECT e::text FROM unnest(datacl) e ORDER BY 1), ' ') FROM pg_database WHERE datname = 'shop'";

#[tokio::test]
async fn the_copy_takes_the_name_and_the_damaged_database_can_only_be_read() {
    let bench = Bench::new(&[]).await;
    let acl = bench.one("postgres", ACL).await;
    bench.copy("shop_rb").await;
    bench.sql("shop", "DELETE FROM items; UPDATE orders SET what = 'damaged'").await;
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('after the copy')").await;
    let open = bench.session("web", "shop").await.unwrap();
    assert!(!bench.reached(&swap()).await.0);

    let done = bench.perform(&swap()).await.unwrap();

    assert!(done.seen.contains("sequences carried on"), "{}", done.seen);
    assert_eq!(
        bench.reached(&swap()).await,
        (true, "`shop` is the restored database and takes connections".to_owned())
    );
    assert!(open.query_one("SELECT 1", &[]).await.is_err(), "sessions on the damaged database are ended");
    assert_eq!(bench.one("shop", "SELECT count(*)::text FROM items").await, "500");
    assert_eq!(bench.one("shop_damaged", "SELECT count(*)::text FROM orders WHERE what = 'damaged'").await, "500");
    // Rule 3: nobody may connect who might not before.
    assert_eq!(bench.one("postgres", ACL).await, acl);
    bench.session("Odd \"One", "shop").await.map(drop).unwrap();
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('after the swap')").await;
    let id = bench.one("shop", "SELECT id::text FROM orders WHERE what = 'after the swap'").await;
    assert!(id.parse::<u64>().unwrap() > 501, "{id} was handed out before");
    // The damaged database is closed to applications, and read-only to everybody.
    assert!(bench.session("web", "shop_damaged").await.is_err());
    assert!(bench.session("owner", "shop_damaged").await.is_err());
    let kept = bench.session("postgres", "shop_damaged").await.unwrap();
    let refused = kept.execute("DELETE FROM orders", &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "25006");
    let comments = "SELECT split_part(shobj_description(oid, 'pg_database'), chr(10), 1) FROM pg_database WHERE datname LIKE 'shop%'";
    assert_eq!(bench.list("postgres", comments).await, ["it's the shop", "it's the shop"]);
    let listed = bench.postgres().kept().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].dbname, "shop_damaged");
    assert_eq!((listed[0].until.as_second() - listed[0].since.as_second(), listed[0].bytes > 0), (3600, true));
}

#[tokio::test]
async fn what_is_put_aside_names_a_moment_that_no_write_to_it_comes_after() {
    // Commits wait for no disk, and what they wrote stays in memory for as long as that.
    let bench = Bench::new(&[("wal_writer_delay", "10s"), ("wal_writer_flush_after", "1GB")]).await;
    bench.copy("shop_rb").await;
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('the last one')").await;
    let last = bench.one("postgres", "SELECT pg_current_wal_insert_lsn()::text").await;

    bench.perform(&swap()).await.unwrap();

    let mark = "SELECT substring(shobj_description(oid, 'pg_database') FROM '\"lsn\":\"([0-9A-F/]+)\"') FROM pg_database \
                WHERE datname = 'shop_damaged'";
    let named = bench.one("postgres", mark).await;
    let order = format!("SELECT ('{named}'::pg_lsn >= '{last}'::pg_lsn)::text");
    assert_eq!(bench.one("postgres", &order).await, "true", "{named} is before {last}");
}

#[tokio::test]
async fn undo_gives_the_database_its_name_and_its_rights_back_and_keeps_what_was_written_since() {
    let bench = Bench::new(&[]).await;
    let acl = bench.one("postgres", ACL).await;
    bench.copy("shop_rb").await;
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('before the swap')").await;
    bench.perform(&swap()).await.unwrap();
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('after the swap')").await;

    let seen = bench.undo(&swap()).await.unwrap();

    assert!(seen.contains("the database again that it was"), "{seen}");
    assert_eq!(bench.one("postgres", ACL).await, acl);
    assert_eq!(bench.one("shop", "SELECT count(*)::text FROM orders WHERE what = 'before the swap'").await, "1");
    assert_eq!(bench.one("shop", "SHOW default_transaction_read_only").await, "off");
    assert_eq!(bench.one("postgres", "SELECT datconnlimit::text FROM pg_database WHERE datname = 'shop'").await, "-1");
    bench.sql_as("web", "shop", "INSERT INTO orders (what) VALUES ('after the undo')").await;
    assert_eq!(bench.one("shop_rb", "SELECT count(*)::text FROM orders WHERE what = 'after the swap'").await, "1");
    let id = bench.one("shop", "SELECT max(id)::text FROM orders").await;
    let other = bench.one("shop_rb", "SELECT max(id)::text FROM orders").await;
    assert!(id.parse::<u64>().unwrap() > other.parse::<u64>().unwrap(), "no number is handed out twice");
    assert!(!bench.reached(&swap()).await.0);
    // Taking it back again changes nothing, and neither does it when nothing has happened.
    assert!(bench.undo(&swap()).await.is_ok());
    assert_eq!(bench.postgres().kept().await.unwrap()[0].dbname, "shop_rb");
}

#[tokio::test]
async fn a_swap_that_was_done_is_not_done_twice() {
    let bench = Bench::new(&[]).await;
    bench.copy("shop_rb").await;
    bench.perform(&swap()).await.unwrap();
    let oid = bench.one("postgres", "SELECT oid::text FROM pg_database WHERE datname = 'shop'").await;
    bench.perform(&swap()).await.unwrap();
    assert_eq!(bench.one("postgres", "SELECT oid::text FROM pg_database WHERE datname = 'shop'").await, oid);
}
