//! What stands in the way, each made on a server of its own.

use backout_core::data::{DatabaseReadiness, Obstacle};

use super::Ground;
use crate::look::readiness;

fn obstacle<'a>(seen: &'a DatabaseReadiness, name: &str) -> Option<&'a Obstacle> {
    seen.obstacles.iter().find(|obstacle| obstacle.name == name)
}

#[tokio::test]
async fn everything_that_a_rollback_will_meet_is_seen() {
    let ground = Ground::new(&[("max_prepared_transactions", "5"), ("wal_level", "logical")]).await;
    let session = ground
        .database(
            "shop",
            "CREATE TABLE nokey (id int); CREATE UNLOGGED TABLE sessions (id int PRIMARY KEY); SELECT lo_create(1); \
             CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts DEFAULT; \
             CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; \
             CREATE EVENT TRIGGER audit ON ddl_command_end EXECUTE FUNCTION told()",
        )
        .await;
    for statement in [
        "SELECT pg_create_logical_replication_slot('cdc', 'pgoutput')",
        "SELECT pg_create_logical_replication_slot('backout_42', 'pgoutput')",
        "CREATE SUBSCRIPTION followed CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)",
    ] {
        session.batch_execute(statement).await.unwrap();
    }
    session.batch_execute("BEGIN; INSERT INTO nokey VALUES (1); PREPARE TRANSACTION 'left over'").await.unwrap();
    let maintenance = ground.session("postgres").await;
    maintenance.batch_execute("CREATE DATABASE half").await.unwrap();
    maintenance.batch_execute("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'").await.unwrap();
    let seen = readiness(&ground.target("postgres", "shop", &[])).await.unwrap();

    assert_eq!(seen.client_version.map(|version| version / 10_000), Some(seen.server_version / 10_000));
    assert!(seen.system_identifier.is_some() && seen.bytes > 1_000_000);
    assert!(seen.free_bytes.unwrap() > 0, "the server is on this machine");
    assert_eq!((seen.wal_level.as_str(), seen.archives_log), ("logical", false));
    assert!(seen.may_create && seen.is_owner && seen.may_terminate && seen.role == ("postgres".to_owned(), true));
    assert_eq!(seen.slots.iter().map(|slot| slot.name.as_str()).collect::<Vec<_>>(), ["cdc"]);
    assert_eq!(seen.subscriptions, ["followed"]);
    assert!(seen.prepared[0].starts_with("`left over` of postgres since "), "{:?}", seen.prepared);
    assert_eq!(seen.without_key.iter().map(ToString::to_string).collect::<Vec<_>>(), ["nokey", "parts"]);
    assert_eq!(seen.unlogged.iter().map(ToString::to_string).collect::<Vec<_>>(), ["sessions"]);
    assert_eq!(seen.large_objects, 1);
    assert!(seen.extensions.iter().any(|extension| extension.name == "plpgsql"));
    let blocks: Vec<&str> = seen.obstacles.iter().filter(|o| o.blocks).map(|o| o.name.as_str()).collect();
    assert_eq!(blocks, ["prepared-transaction"]);
    for name in ["slot", "subscription", "unlogged", "no-key", "large-objects", "event-trigger", "invalid-database"] {
        assert!(obstacle(&seen, name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn an_owner_without_other_rights_is_told_what_it_lacks() {
    let ground = Ground::new(&[]).await;
    let maintenance = ground.session("postgres").await;
    maintenance.batch_execute("CREATE ROLE shop LOGIN; CREATE ROLE app LOGIN").await.unwrap();
    maintenance.batch_execute("CREATE DATABASE shop OWNER shop TEMPLATE template0").await.unwrap();
    let target = ground.target("shop", "shop", &[]);
    let seen = readiness(&target).await.unwrap();
    assert_eq!((seen.may_create, seen.is_owner, seen.may_terminate, seen.role.1), (false, true, false, false));
    assert_eq!(seen.free_bytes, None, "only a few may know where the server keeps its files");
    let names = |seen: &DatabaseReadiness| seen.obstacles.iter().map(|o| o.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&seen), ["no-create"]);

    maintenance.batch_execute("ALTER ROLE shop CREATEDB").await.unwrap();
    let app = ground.session_as("app", "shop").await;
    let seen = readiness(&target).await.unwrap();
    assert_eq!(names(&seen), ["no-terminate"]);
    assert!(seen.obstacles[0].what.ends_with("of app"), "{:?}", seen.obstacles);

    maintenance.batch_execute("GRANT pg_signal_backend TO shop").await.unwrap();
    assert!(names(&readiness(&target).await.unwrap()).is_empty());
    let superuser = ground.session("shop").await;
    assert_eq!(names(&readiness(&target).await.unwrap()), ["no-terminate"], "a superuser's session ends for no other");
    drop((app, superuser));

    maintenance.batch_execute("ALTER DATABASE shop OWNER TO app").await.unwrap();
    assert!(names(&readiness(&target).await.unwrap()).contains(&"no-owner".to_owned()));
}

#[tokio::test]
async fn a_dump_that_runs_and_an_old_transaction_are_told() {
    let ground = Ground::new(&[]).await;
    let session = ground.database("shop", "CREATE TABLE orders (id int PRIMARY KEY)").await;
    // What the server shows of a transaction is its age: five seconds of it cannot be had quicker.
    session.batch_execute("SET application_name = 'report'; BEGIN; SELECT pg_sleep(5.1)").await.unwrap();
    let dump = ground.session("shop").await;
    dump.batch_execute("SET application_name = 'pg_dump'").await.unwrap();
    let seen = readiness(&ground.target("postgres", "shop", &[])).await.unwrap();
    assert!(seen.long_transactions[0].starts_with("report of postgres (pid "), "{:?}", seen.long_transactions);
    assert!(obstacle(&seen, "long-transaction").is_some_and(|obstacle| !obstacle.blocks));
    assert!(obstacle(&seen, "running-dump").is_some_and(|obstacle| obstacle.what.contains("by postgres")));
}
