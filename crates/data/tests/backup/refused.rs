//! Restore points that are not taken, and what is left then: nothing.

use std::time::Duration;

use backout_core::config::{BackupEncryption, BackupStore};
use backout_core::data::Level;
use backout_core::policy::Verdict;
use backout_core::port::{BackupOrder, Database as _};
use backout_testkit::skip::skip;
use backout_testkit::small_disk::SmallDisk;

use crate::ground::{Ground, SHOP, fallen, order};

/// Rows that do not pack, so that a dump takes a while and much room.
const NOISE: &str = "CREATE TABLE noise AS SELECT i, string_agg(md5(random()::text), '') AS what \
    FROM generate_series(1, 60000) i, generate_series(1, 12) j GROUP BY i";

#[tokio::test]
async fn no_backup_is_made_while_a_migration_runs() {
    let ground = Ground::new(SHOP).await;
    let migration = ground.session().await;
    migration.batch_execute("BEGIN; ALTER TABLE t ADD COLUMN more int").await.unwrap();
    let error = ground.take().await.unwrap_err();
    assert!(error.what.contains("holds table `public.t`") && error.hint.is_some(), "{error}");
    assert!(ground.stored().is_empty());
    migration.batch_execute("COMMIT").await.unwrap();
    ground.take().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_leaves_nothing() {
    let disk = match SmallDisk::mount(4096) {
        Ok(disk) => disk,
        Err(why) => return skip("a_full_disk_leaves_nothing", &why),
    };
    let mut ground = Ground::new(NOISE).await;
    ground.configure(|backup| backup.store = BackupStore::Folder(disk.path().display().to_string()));
    let error = ground.take().await.unwrap_err();
    assert!(error.what.contains("No space left") && error.hint.is_some(), "{error:?}");
    assert!(ground.stored().is_empty());
}

#[tokio::test]
async fn a_level_that_is_not_reached_leaves_nothing() {
    let mut ground = Ground::new(SHOP).await;
    ground.configured().integrity = [("sound".to_owned(), "SELECT false".to_owned())].into();
    ground.configure(|backup| backup.require = Level::V4);
    let error = ground.take().await.unwrap_err();
    assert!(error.what.contains("did not reach V4"), "{error}");
    assert!(ground.stored().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_backup_leaves_no_file_no_slot_and_no_process() {
    let mut ground = Ground::with(NOISE, &[("wal_level", "logical")]).await;
    ground.configure(|backup| backup.slot = true);
    let session = ground.session().await;
    let dumping = "SELECT FROM pg_stat_activity WHERE application_name = 'backout' AND pid <> pg_backend_pid() \
        AND query ^@ 'COPY'";
    {
        let take = ground.take();
        let mut take = std::pin::pin!(take);
        loop {
            tokio::select! {
                biased;
                ended = &mut take => panic!("it was over before it was interrupted: {ended:?}"),
                rows = session.query(dumping, &[]) => if !rows.unwrap().is_empty() { break },
            }
        }
        assert!(!ground.stored().is_empty());
    }
    let others = "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()) \
        + (SELECT count(*) FROM pg_replication_slots)";
    let mut left = (1, 1);
    for _ in 0..200 {
        left = (session.query_one(others, &[]).await.unwrap().get::<_, i64>(0), ground.stored().len());
        if left == (0, 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{left:?} are left: sessions and slots, files");
}

/// Waits until the dump reads the rows of a table.
async fn dump_reads(session: &backout_data::Session) {
    let dumping = "SELECT FROM pg_stat_activity WHERE application_name = 'backout' AND query ^@ 'COPY'";
    let seen = async {
        while session.query(dumping, &[]).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect("the dump was over before it was seen");
}

#[tokio::test]
async fn a_truncate_during_the_dump_waits_for_it() {
    let ground = Ground::new(NOISE).await;
    let (session, other) = (ground.session().await, ground.session().await);
    let truncate = async {
        dump_reads(&session).await;
        session.batch_execute("TRUNCATE noise").await.unwrap();
    };
    let (point, ()) = tokio::join!(ground.take(), truncate);
    let left: i64 = other.query_one("SELECT count(*) FROM noise", &[]).await.unwrap().get(0);
    let verification = ground.verify(&point.unwrap(), Level::V3).await;
    assert_eq!((verification.reached, left), (Some(Level::V3), 0), "{:?}", verification.checks);
    assert!(verification.checks.iter().any(|check| check.what.starts_with("60000 rows")), "{:?}", verification.checks);
}

#[tokio::test]
async fn a_dump_that_breaks_off_leaves_nothing() {
    let ground = Ground::new(NOISE).await;
    let session = ground.session().await;
    let end = async {
        dump_reads(&session).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'backout' AND query ^@ 'COPY'";
        session.batch_execute(end).await.unwrap();
    };
    let (taken, ()) = tokio::join!(ground.take(), end);
    let error = taken.unwrap_err();
    assert!(error.what.contains("could not be dumped"), "{error}");
    assert!(ground.stored().is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_for_want_of_a_key_is_not_called_broken() {
    let mut ground = Ground::new("CREATE TABLE a (i int)").await;
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".to_owned();
    let encryption = BackupEncryption::Age { recipients: vec![recipient], identity: None };
    ground.configure(|backup| (backup.encrypt, backup.require) = (Some(encryption), Level::V1));
    let error = ground.take().await.unwrap_err();
    assert!(error.what.contains("the key that reads it is not configured"), "{error}");
    ground.configure(|backup| backup.require = Level::V0);
    let point = ground.take().await.unwrap();
    let verification = ground.verify(&point, Level::V4).await;
    assert_eq!(verification.reached, Some(Level::V0));
    let verdicts: Vec<Verdict> = fallen(&verification).iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Unmeasurable]);
}

#[tokio::test]
async fn no_backup_is_made_over_a_migration_that_failed_half_way() {
    let ledger = "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); \
        INSERT INTO schema_migrations VALUES (7, true)";
    let ground = Ground::new(ledger).await;
    let error = ground.take().await.unwrap_err();
    assert!(error.what.contains("golang-migrate"), "{error}");
    assert!(ground.stored().is_empty());
    let as_it_is = BackupOrder { is_as_it_is: true, ..order() };
    let point = ground.database().back_up(&as_it_is, ground.ports()).await.unwrap();
    assert!(ground.manifest(&point).await.ledgers[0].is_dirty, "it is kept as it is");
    ground.database().release(&point).await.unwrap();
    ground.session().await.batch_execute("UPDATE schema_migrations SET dirty = false").await.unwrap();
    let point = ground.take().await.unwrap();
    assert_eq!(ground.manifest(&point).await.ledgers.len(), 1);
}
