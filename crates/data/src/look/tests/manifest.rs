//! Manifests of a database, of its restored dump, and of what somebody changed.

use std::collections::BTreeMap;

use backout_core::data::{Manifest, compare, compare_previous, compare_properties};

use super::{Ground, NASTY, told};
use crate::look::contents::{Hashes, ManifestHead, content_manifest, contents, properties, roles};
use crate::look::schema;
use crate::{Session, Target};

async fn manifest(session: &Session, target: &Target) -> Manifest {
    let head = ManifestHead {
        backup: "bk-20261121-031502-9f3a2c".parse().unwrap(),
        taken_at: None,
        snapshot: None,
        lsn: None,
        slot: None,
        vault: None,
        tools: BTreeMap::new(),
        hashes: Hashes::All,
    };
    content_manifest(session, target, head).await.unwrap()
}

#[tokio::test]
async fn a_restored_dump_is_equal_to_its_manifest_and_one_changed_value_is_not() {
    let ground = Ground::new(&[]).await;
    let target = ground.target("postgres", "before", &[]);
    let before = ground.database("before", NASTY).await;
    before.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.unwrap();
    let expected = manifest(&before, &target).await;
    before.batch_execute("COMMIT").await.unwrap();
    let after = ground.copy("before", "after").await;

    let checks = compare(&expected, &manifest(&after, &target).await);
    assert!(told(&checks).is_empty(), "{checks:#?}");
    assert!(expected.system_identifier.is_some());
    assert_eq!((expected.dbname.as_str(), expected.large_objects.count), ("before", 3));

    for (change, expected_check) in [
        (
            "UPDATE nokey SET m = 'ok' WHERE a = 7",
            "contents, unhealthy: `nokey` has 51 rows as expected, with other values",
        ),
        (
            "UPDATE nokey SET m = 'meh' WHERE a = 7; DELETE FROM ONLY parent WHERE a = 2",
            "rows, unhealthy: `parent` has 1 row in place of 2",
        ),
    ] {
        after.batch_execute(change).await.unwrap();
        let told = told(&compare(&expected, &manifest(&after, &target).await));
        assert_eq!(told, [expected_check]);
    }
    after
        .batch_execute(
            "INSERT INTO parent VALUES (2, 'old', 7); ALTER TABLE about_events DROP CONSTRAINT about_events_id_at_fkey; \
             ALTER TABLE events DROP CONSTRAINT events_pkey; SELECT setval('identities_b_seq', 1); \
             SELECT lo_put(424242, 0, '\\x00')",
        )
        .await
        .unwrap();
    let told = told(&compare(&expected, &manifest(&after, &target).await));
    // The key of a partitioned table is one for itself and each of its three partitions.
    assert_eq!(told.len(), 5, "{told:#?}");
    assert_eq!(told[0], "constraints, unhealthy: primary keys: 4 in place of 8; foreign keys: 2 in place of 3");
    assert!(told[1].starts_with("indexes, unhealthy: valid indexes:"), "{told:#?}");
    assert_eq!(told[2], "sequences, unhealthy: `identities_b_seq` stands at 1 in place of 2");
    assert_eq!(told[3], "large objects, unhealthy: large objects have other contents");
    assert!(told[4].contains("table `about_events` is another one: constraints"), "{told:#?}");

    after.batch_execute("TRUNCATE generated").await.unwrap();
    let told = super::told(&compare_previous(&expected, &manifest(&after, &target).await));
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("`generated` had 100 rows in bk-20261121-031502-9f3a2c and has none"), "{told:#?}");
}

#[tokio::test]
async fn the_owner_of_a_database_reads_its_manifest_without_being_a_superuser() {
    let ground = Ground::new(&[]).await;
    let maintenance = ground.session("postgres").await;
    maintenance.batch_execute("CREATE ROLE shop LOGIN; CREATE ROLE reader").await.unwrap();
    maintenance.batch_execute("CREATE DATABASE shop OWNER shop TEMPLATE template0").await.unwrap();
    let session = ground.session_as("shop", "shop").await;
    session
        .batch_execute(
            "CREATE TABLE orders (id serial PRIMARY KEY, note json); INSERT INTO orders (note) VALUES ('{}'); \
             GRANT SELECT ON orders TO reader; SELECT lo_put(lo_create(7), 0, '\\x01')",
        )
        .await
        .unwrap();
    let manifest = manifest(&session, &ground.target("shop", "shop", &[])).await;
    assert_eq!((manifest.tables[0].rows, manifest.tables[0].key.as_slice()), (1, ["id".to_owned()].as_slice()));
    assert!(manifest.large_objects.hash.is_some());
    assert_eq!(manifest.roles, ["reader", "shop"]);
    assert_eq!(roles(&session).await.unwrap(), manifest.roles);
}

#[tokio::test]
async fn rows_that_row_security_hides_are_an_error_and_not_a_smaller_number() {
    let ground = Ground::new(&[]).await;
    let session = ground
        .database(
            "shop",
            "CREATE ROLE app LOGIN; CREATE TABLE orders (id int); INSERT INTO orders VALUES (1), (2); \
             GRANT SELECT ON orders TO app; ALTER TABLE orders ENABLE ROW LEVEL SECURITY; \
             CREATE POLICY mine ON orders USING (id = 1)",
        )
        .await;
    assert_eq!(contents(&session, Hashes::None).await.unwrap()[0].rows, 2);
    let app = ground.session_as("app", "shop").await;
    let error = contents(&app, Hashes::All).await.unwrap_err();
    assert!(error.what.contains("could not read the rows of `orders`"), "{error:?}");
    assert!(error.what.contains("row-level security"), "{error:?}");
}

#[tokio::test]
async fn the_transaction_of_a_caller_and_its_settings_survive_a_read_that_fails() {
    let ground = Ground::new(&[]).await;
    let session = ground.database("shop", "CREATE ROLE app LOGIN; CREATE TABLE secret (id int)").await;
    drop(session);
    let app = ground.session_as("app", "shop").await;
    app.batch_execute("BEGIN; SET LOCAL search_path = 'mine'; SET LOCAL lock_timeout = '7s'").await.unwrap();
    contents(&app, Hashes::All).await.unwrap_err();
    schema(&app).await.unwrap();
    let query =
        "SELECT current_setting('search_path'), current_setting('lock_timeout'), current_setting('row_security')";
    let row = app.query_one(query, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), ("mine", "7s", "on"));
    app.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn what_follows_a_database_is_read_and_compared() {
    let ground = Ground::new(&[]).await;
    let session = ground.session("postgres").await;
    for statement in [
        "CREATE ROLE \"the owner\"",
        "CREATE ROLE app",
        "CREATE DATABASE \"Odd \"\"Name\" OWNER \"the owner\" TEMPLATE template0",
        "CREATE DATABASE plain OWNER \"the owner\" TEMPLATE template0",
        "REVOKE CONNECT ON DATABASE \"Odd \"\"Name\" FROM PUBLIC",
        "GRANT CONNECT ON DATABASE \"Odd \"\"Name\" TO app",
        "ALTER DATABASE \"Odd \"\"Name\" SET search_path = 'a, b', \"c\"",
        "ALTER ROLE app IN DATABASE \"Odd \"\"Name\" SET work_mem = '64MB'",
        "ALTER DATABASE \"Odd \"\"Name\" CONNECTION LIMIT 17",
        "COMMENT ON DATABASE \"Odd \"\"Name\" IS 'orders since 2019\nbackout: {\"oid\":1}'",
    ] {
        session.batch_execute(statement).await.unwrap();
    }
    let odd = properties(&session, "Odd \"Name").await.unwrap();
    assert_eq!((odd.owner.as_str(), odd.connection_limit, odd.encoding.as_str()), ("the owner", 17, "UTF8"));
    assert_eq!(odd.comment.as_deref(), Some("orders since 2019"), "our mark is no property");
    let settings: Vec<String> = odd.settings.iter().map(|s| format!("{:?} {}={}", s.role, s.name, s.value)).collect();
    assert_eq!(settings, ["None search_path=\"a, b\", c", "Some(\"app\") work_mem=64MB"]);
    let plain = properties(&session, "plain").await.unwrap();
    assert_eq!(plain.acl, None);
    assert_eq!(
        told(&compare_properties(&odd, &plain)),
        [
            "database access, unhealthy: `=T/\"the owner\"` is missing; `app=c/\"the owner\"` is missing; `=Tc/\"the owner\"` should not be there",
            "database connection limit, unhealthy: connection limit: -1 in place of 17",
            "database settings, unhealthy: `search_path=\"a, b\", c` is missing; `app: work_mem=64MB` is missing",
            "database comment, unhealthy: comment: none in place of orders since 2019",
        ]
    );
    assert!(properties(&session, "nowhere").await.unwrap_err().what.contains("no database `nowhere`"));
}
