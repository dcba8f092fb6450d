//! What a dump carries only half: subscriptions, versions of extensions, security labels.

use std::time::Duration;

use backout_core::data::DataAct;

use super::ground::{Ground, copy_of, swap_it};

/// Each subscription of the cluster: its database, whether it is enabled, and its slot.
const SUBSCRIPTIONS: &str = "SELECT coalesce(string_agg(format('%s %s %s', d.datname, \
    CASE WHEN s.subenabled THEN 'on' ELSE 'off' END, s.subslotname), ', ' ORDER BY d.datname), 'none') \
    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid";

/// A shop that follows another database of the same server.
async fn following() -> Ground {
    let ground = Ground::with_settings(&[("wal_level", "logical")]).await;
    ground.sql("postgres", "CREATE DATABASE source").await;
    ground.sql("source", "CREATE TABLE followed (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE followed").await;
    ground.one("source", "SELECT slot_name::text FROM pg_create_logical_replication_slot('follow', 'pgoutput')").await;
    ground.sql("shop", "CREATE TABLE followed (id int PRIMARY KEY)").await;
    let folder = ground.server.folder().display().to_string();
    let subscribe = format!(
        "CREATE SUBSCRIPTION follow CONNECTION 'host={folder} user=postgres dbname=source' PUBLICATION p \
         WITH (create_slot = false, slot_name = 'follow', copy_data = false)"
    );
    ground.sql("shop", &subscribe).await;
    ground.sql("source", "INSERT INTO followed VALUES (1)").await;
    arrived(&ground, 1).await;
    ground
}

/// Waits until a followed row has come to the shop.
async fn arrived(ground: &Ground, id: u32) {
    let query = format!("SELECT count(*)::text FROM followed WHERE id = {id}");
    for _ in 0..600 {
        if ground.one("shop", &query).await == "1" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("followed row {id} did not arrive");
}

#[tokio::test]
async fn a_subscription_of_a_copy_does_not_start_and_never_are_two_enabled() {
    let ground = following().await;
    let point = ground.point(1).await;
    ground.perform(copy_of(&point)).await.unwrap();
    assert_eq!(ground.one("postgres", SUBSCRIPTIONS).await, "shop on follow, shop_rb off follow");
    ground.sql("source", "INSERT INTO followed VALUES (2)").await;
    arrived(&ground, 2).await;

    ground.perform(swap_it()).await.unwrap();
    assert_eq!(ground.one("postgres", SUBSCRIPTIONS).await, "shop off follow, shop_damaged off follow");
    let readers = "SELECT count(*)::text FROM pg_stat_replication";
    assert_eq!(ground.one("postgres", readers).await, "0", "nobody reads what the publisher keeps for them");
    ground.sql("source", "INSERT INTO followed VALUES (3)").await;
    assert_eq!(ground.one("shop", "SELECT string_agg(id::text, ' ') FROM followed").await, "1");
    // Whoever wants it on in what is in use now says so.
    let refresh = "ALTER SUBSCRIPTION follow REFRESH PUBLICATION WITH (copy_data = false)";
    ground.sql("shop", &format!("ALTER SUBSCRIPTION follow ENABLE; {refresh}")).await;
    ground.sql("source", "INSERT INTO followed VALUES (4)").await;
    arrived(&ground, 4).await;
}

/// A subscription keeps its database from being dropped.
#[tokio::test]
async fn a_copy_with_a_subscription_can_be_dropped_and_leaves_the_slot_to_the_one_in_use() {
    let ground = following().await;
    let point = ground.point(1).await;
    ground.perform(copy_of(&point)).await.unwrap();
    ground.perform(DataAct::DropCopy { copy: "shop_rb".to_owned() }).await.unwrap();
    assert_eq!(ground.one("postgres", SUBSCRIPTIONS).await, "shop on follow");
    ground.sql("source", "INSERT INTO followed VALUES (2)").await;
    arrived(&ground, 2).await;
}

#[tokio::test]
async fn an_extension_comes_back_in_the_version_that_it_had() {
    let ground = Ground::new().await;
    ground.sql("shop", "DROP EXTENSION pg_trgm; CREATE EXTENSION pg_trgm VERSION '1.4'").await;
    ground.sql("shop", "CREATE INDEX by_likeness ON orders USING gin (what gin_trgm_ops)").await;
    let point = ground.point(1).await;
    ground.sql("shop", "ALTER EXTENSION pg_trgm UPDATE").await;
    let version = "SELECT extversion FROM pg_extension WHERE extname = 'pg_trgm'";
    assert_ne!(ground.one("shop", version).await, "1.4");
    ground.perform(copy_of(&point)).await.unwrap();
    assert_eq!(ground.one("shop_rb", version).await, "1.4");
}

/// The dump makes the schema itself, so that nothing can stand in it before.
#[tokio::test]
async fn an_old_extension_in_a_schema_of_its_own_is_named_and_nothing_is_left() {
    let ground = Ground::new().await;
    let moved = "DROP EXTENSION pg_trgm; CREATE SCHEMA extensions; \
                 CREATE EXTENSION pg_trgm SCHEMA extensions VERSION '1.4'";
    ground.sql("shop", moved).await;
    let point = ground.point(1).await;
    let error = ground.perform(copy_of(&point)).await.unwrap_err();
    assert!(error.what.contains("pg_trgm") && error.what.contains("1.4"), "{error:?}");
    assert_eq!(ground.one("postgres", "SELECT count(*)::text FROM pg_database WHERE datname = 'shop_rb'").await, "0");
}

/// No provider of labels is packaged, so the label is written into the catalog: there is nobody who could give it again.
#[tokio::test]
async fn a_security_label_that_cannot_be_given_is_named_and_nothing_is_left() {
    let ground = Ground::with_settings(&[("allow_system_table_mods", "on")]).await;
    ground
        .sql(
            "postgres",
            "INSERT INTO pg_shseclabel SELECT oid, 'pg_database'::regclass, 'guards', 'secret' FROM pg_database \
             WHERE datname = 'shop'",
        )
        .await;
    let point = ground.point(1).await;
    let error = ground.perform(copy_of(&point)).await.unwrap_err();
    assert!(error.what.contains("SECURITY LABEL FOR \"guards\" ON DATABASE \"shop_rb\" IS 'secret'"), "{error:?}");
    assert_eq!(ground.one("postgres", "SELECT count(*)::text FROM pg_database WHERE datname = 'shop_rb'").await, "0");
}
