//! What is taken is what is there.

use std::time::Duration;

use backout_core::config::{BackupEncryption, SecretOrText, Sensitive};
use backout_core::data::{Level, Packing, PointKind, Sealing};
use backout_core::port::Database as _;

use crate::ground::{Ground, SHOP, fallen};

#[tokio::test]
async fn a_restore_point_comes_back_equal_in_every_table_key_and_sequence() {
    let ground = Ground::new(SHOP).await;
    let point = ground.take().await.unwrap();
    assert_eq!(point.verified, Some(Level::V1));
    assert_eq!(point.kind, PointKind::Custom { packing: Packing::Zstd, sealing: Sealing::None });
    let verification = ground.verify(&point, Level::V3).await;
    assert_eq!(verification.reached, Some(Level::V3), "{:?}", fallen(&verification));
    assert!(verification.restore_ms.is_some());
    let manifest = ground.manifest(&point).await;
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    assert_eq!((rows, manifest.large_objects.count), (200 + 5000 + 20 + 30 + 30 + 401 + 1 + 1 + 1, 100));
    assert!(manifest.snapshot.is_some() && manifest.lsn.is_some());
}

#[tokio::test]
async fn what_is_written_while_the_dump_runs_is_in_neither_dump_nor_manifest() {
    let ground = Ground::new(SHOP).await;
    let session = ground.session().await;
    let writing = tokio::spawn(async move {
        for _ in 0..10_000 {
            let written = "INSERT INTO orders (customer, cents) VALUES (1, 1); UPDATE customers SET name = name || 'x' WHERE id = 1";
            if session.batch_execute(written).await.is_err() {
                return;
            }
        }
    });
    let point = ground.take().await.unwrap();
    writing.abort();
    let verification = ground.verify(&point, Level::V3).await;
    assert_eq!(verification.reached, Some(Level::V3), "{:?}", fallen(&verification));
}

#[tokio::test]
async fn fifty_thousand_large_objects_come_back() {
    let ground =
        Ground::new("SELECT lo_from_bytea(0, convert_to('object ' || i, 'UTF8')) FROM generate_series(1, 50000) i")
            .await;
    let point = ground.take().await.unwrap();
    assert_eq!(ground.manifest(&point).await.large_objects.count, 50_000);
    let verification = ground.verify(&point, Level::V3).await;
    assert_eq!(verification.reached, Some(Level::V3), "{:?}", fallen(&verification));
}

#[tokio::test]
async fn several_connections_dump_and_restore_the_same() {
    let mut ground = Ground::new(SHOP).await;
    ground.configure(|backup| (backup.jobs, backup.require) = (2, Level::V3));
    let point = ground.take().await.unwrap();
    assert_eq!(point.kind, PointKind::Directory { packing: Packing::Zstd, sealing: Sealing::None });
    assert_eq!(point.verified, Some(Level::V3));
}

#[tokio::test]
async fn a_sealed_restore_point_shows_nothing_and_is_read_by_the_programs_of_others() {
    let mut ground = Ground::new(SHOP).await;
    ground.run("age-keygen", &["-o", "key"]).await;
    let key = std::fs::read_to_string(ground.folder.path().join("key")).unwrap();
    let public = key.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
    let identity = SecretOrText::Text(Sensitive::new(key));
    let age = BackupEncryption::Age { recipients: vec![public], identity: Some(identity) };
    let passphrase = SecretOrText::Text(Sensitive::new("correct horse".to_owned()));
    let openssl = BackupEncryption::Openssl { passphrase, iterations: 10_000 };
    for (encryption, sealing) in [(age, Sealing::Age), (openssl, Sealing::Openssl)] {
        ground.configure(|backup| backup.encrypt = Some(encryption));
        let point = ground.take().await.unwrap();
        assert_eq!(point.kind, PointKind::Custom { packing: Packing::Zstd, sealing });
        let verification = ground.verify(&point, Level::V3).await;
        assert_eq!(verification.reached, Some(Level::V3), "{:?}", fallen(&verification));
        for file in ground.stored() {
            let content = std::fs::read(&file).unwrap();
            assert!(!content.windows(9).any(|window| window == b"customers"), "{}", file.display());
        }
        let dump = ground.store().join(&point.objects[0].name).display().to_string();
        match sealing {
            Sealing::Age => ground.run("age", &["-d", "-i", "key", "-o", "open.zst", &dump]).await,
            _ => {
                let words = ["enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", "10000", "-pass", "pass:correct horse"];
                ground.run("openssl", &[words.as_slice(), &["-in", &dump, "-out", "open.zst"]].concat()).await;
            }
        }
        ground.run("zstd", &["-dqf", "open.zst", "-o", "open.dump"]).await;
        let list = ground.program("pg_restore").args(["--list", "open.dump"]).run().await.unwrap().text();
        assert!(list.contains("TABLE DATA public orders"), "{list}");
        ground.database().release(&point).await.unwrap();
        assert!(ground.stored().is_empty());
    }
}

#[tokio::test]
async fn a_slot_begins_with_the_snapshot_and_is_gone_with_its_restore_point() {
    let mut ground = Ground::with(SHOP, &[("wal_level", "logical")]).await;
    ground.configure(|backup| backup.slot = true);
    let session = ground.session().await;
    let point = ground.take().await.unwrap();
    let slot = ground.manifest(&point).await.slot.unwrap();
    session.batch_execute("CREATE PUBLICATION everything FOR ALL TABLES").await.unwrap();
    let slots = "SELECT slot_name::text, temporary FROM pg_replication_slots";
    let rows = session.query(slots, &[]).await.unwrap();
    let found: Vec<(String, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(found, [(slot, false)]);
    ground.database().release(&point).await.unwrap();
    assert!(session.query(slots, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_owner_of_a_database_needs_no_further_rights() {
    let mut ground = Ground::new("CREATE ROLE keeper LOGIN; ALTER DATABASE shop OWNER TO keeper").await;
    let socket = ground.server.data().parent().unwrap().display().to_string();
    let url = format!("host={socket} user=keeper dbname=shop sslmode=disable");
    ground.configured().url = SecretOrText::Text(Sensitive::new(url.clone()));
    let keeper = backout_data::Address::parse(&url).unwrap().connect().await.unwrap();
    keeper.batch_execute(SHOP).await.unwrap();
    let point = ground.take().await.unwrap();
    assert!(ground.manifest(&point).await.roles.contains(&"keeper".to_owned()));
    let verification = ground.verify(&point, Level::V3).await;
    assert_eq!(verification.reached, Some(Level::V3), "{:?}", fallen(&verification));
}

#[tokio::test]
async fn the_highest_level_looks_at_indexes_queries_and_age() {
    let mut ground = Ground::new(SHOP).await;
    ground.configured().integrity = [("orders".to_owned(), "SELECT count(*) = 5000 FROM orders".to_owned())].into();
    ground.configure(|backup| (backup.require, backup.fresh) = (Level::V4, Some(Duration::from_secs(3600))));
    let mut point = ground.take().await.unwrap();
    assert_eq!(point.verified, Some(Level::V4));
    point.taken_at -= Duration::from_secs(7200);
    let late = ground.verify(&point, Level::V4).await;
    assert_eq!(late.reached, Some(Level::V3));
    assert_eq!(fallen(&late)[0].what, "it is 120 minutes old; 60 are allowed");
}

#[tokio::test]
async fn the_moment_is_named_in_the_log_where_that_is_archived() {
    let ground = Ground::new("CREATE TABLE a (i int)").await;
    assert_eq!(ground.take().await.unwrap().restore_name, None);
    let archived = [("archive_mode", "on"), ("archive_command", "true")];
    let ground = Ground::with("CREATE TABLE a (i int)", &archived).await;
    let name = ground.take().await.unwrap().restore_name;
    assert_eq!(name.as_deref(), Some("backout_20261121_031502_9f3a2c"));
}
