//! Disks that do not play along: full, read-only, of somebody else, and files that are no journals.

use std::fs;
use std::sync::Arc;

use backout_core::port::{Blobs, Clock, Store};
use backout_engine::blob::BlobFolder;
use backout_engine::state_dir::StateDir;
use backout_engine::store::{SqliteStore, Which};
use backout_testkit::manual_clock::ManualClock;
use backout_testkit::skip::skip;
use backout_testkit::small_disk::SmallDisk;
use jiff::Timestamp;

use crate::world::{TTL, World, armed, lease, run, staging, unusable};

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH))
}

/// A disk that is small enough to be filled, or `None` where the test was skipped by name.
fn disk(test: &str) -> Option<SmallDisk> {
    SmallDisk::mount(512).map_err(|reason| skip(test, &reason)).ok()
}

#[tokio::test]
async fn full_disk_is_named_and_nothing_recorded_is_lost() {
    let Some(disk) = disk("full_disk_is_named_and_nothing_recorded_is_lost") else { return };
    let dir = StateDir::create(&disk.path().join("state")).unwrap();
    let store = SqliteStore::open(&dir, clock()).unwrap();
    let blobs = BlobFolder::open(&dir).unwrap();
    let lease = lease(&store).await;
    let mut written = vec![store.append(&lease, None, &armed(0)).await.unwrap()];
    let filler = disk.fill().unwrap();

    // The log may have some space left within its last page: at some point it has not.
    let refused = loop {
        match store.append(&lease, None, &armed(written.len() as u32)).await {
            Ok(record) => written.push(record),
            Err(error) => break Err::<(), _>(error),
        }
        assert!(written.len() < 1_000, "the disk is not full");
    };
    let (what, hint) = unusable(refused);
    assert!(what.contains("no space left") && what.contains("journal.db"), "{what}");
    assert!(hint.contains("free some space"), "{hint}");
    let error = blobs.put(&[1; 8192]).await.unwrap_err();
    assert!(error.what.contains("no space left"), "{error}");
    assert!(blobs.list().await.unwrap().is_empty());

    fs::remove_file(filler).unwrap();
    written.push(store.append(&lease, None, &armed(77)).await.unwrap());
    assert_eq!(store.records(&staging(), &[]).await.unwrap(), written);
    let report = store.verify_chain().await.unwrap();
    assert_eq!((report.records, report.remembered), (written.len() as u64, Some(written.len() as i64)));
}

#[tokio::test]
async fn full_disk_is_read() {
    let Some(disk) = disk("full_disk_is_read") else { return };
    let dir = StateDir::create(&disk.path().join("state")).unwrap();
    let store = SqliteStore::open(&dir, clock()).unwrap();
    let lease = lease(&store).await;
    store.append(&lease, Some(&run(1)), &armed(1)).await.unwrap();
    drop(store);
    disk.fill().unwrap();
    let reader = SqliteStore::open_read_only(&dir, clock()).unwrap();
    assert_eq!(reader.run(&run(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn journal_cannot_be_made_on_a_full_disk_and_is_made_once_there_is_space() {
    let Some(disk) = disk("journal_cannot_be_made_on_a_full_disk_and_is_made_once_there_is_space") else { return };
    let dir = StateDir::create(&disk.path().join("state")).unwrap();
    let filler = disk.fill().unwrap();
    let (what, _) = unusable(SqliteStore::open(&dir, clock()));
    assert!(what.contains("no space left"), "{what}");
    let reader = SqliteStore::open_read_only(&dir, clock()).unwrap();
    assert_eq!(reader.raw_records(Which::All).await.unwrap(), []);
    fs::remove_file(filler).unwrap();
    SqliteStore::open(&dir, clock()).unwrap();
}

#[tokio::test]
async fn read_only_disk_is_read_and_not_written() {
    let Some(disk) = disk("read_only_disk_is_read_and_not_written") else { return };
    let dir = StateDir::create(&disk.path().join("state ?#%")).unwrap();
    let store = SqliteStore::open(&dir, clock()).unwrap();
    let blob = BlobFolder::open(&dir).unwrap().put(b"x").await.unwrap();
    let lease = lease(&store).await;
    store.append(&lease, Some(&run(1)), &armed(1)).await.unwrap();
    drop(store);
    disk.make_read_only().unwrap();

    assert_eq!(StateDir::create(dir.root()).unwrap(), dir);
    let (what, hint) = unusable(SqliteStore::open(&dir, clock()));
    assert!(what.contains("read-only") && hint.contains("--state"), "{what} {hint}");

    let reader = SqliteStore::open_read_only(&dir, clock()).unwrap();
    assert_eq!(reader.run(&run(1)).await.unwrap().len(), 1);
    assert_eq!(reader.verify_chain().await.unwrap().records, 1);
    assert_eq!(reader.holder(&staging()).await.unwrap().unwrap().holder, "test");
    let (what, _) = unusable(reader.append(&lease, None, &armed(2)).await);
    assert!(what.contains("read-only"), "{what}");
    let blobs = BlobFolder::open(&dir).unwrap();
    assert_eq!(blobs.get(&blob).await.unwrap(), b"x");
    assert!(blobs.put(b"y").await.unwrap_err().what.contains("read-only"));
}

#[tokio::test]
async fn log_that_a_killed_writer_left_is_read_on_a_read_only_disk() {
    let Some(disk) = disk("log_that_a_killed_writer_left_is_read_on_a_read_only_disk") else { return };
    let alive = StateDir::create(&disk.path().join("alive")).unwrap();
    let killed = StateDir::create(&disk.path().join("killed")).unwrap();
    let store = SqliteStore::open(&alive, clock()).unwrap();
    let lease = lease(&store).await;
    store.append(&lease, Some(&run(1)), &armed(1)).await.unwrap();
    // The files as they are while the writer lives: the record is in the log only.
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        fs::copy(alive.root().join(name), killed.root().join(name)).unwrap();
    }
    drop(store);
    assert!(fs::metadata(killed.root().join("journal.db-wal")).unwrap().len() > 0);
    disk.make_read_only().unwrap();
    let reader = SqliteStore::open_read_only(&killed, clock()).unwrap();
    assert_eq!(reader.run(&run(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn log_that_cannot_be_read_is_not_passed_over_in_silence() {
    let Some(disk) = disk("log_that_cannot_be_read_is_not_passed_over_in_silence") else { return };
    let alive = StateDir::create(&disk.path().join("alive")).unwrap();
    let copied = StateDir::create(&disk.path().join("copied")).unwrap();
    let store = SqliteStore::open(&alive, clock()).unwrap();
    let lease = lease(&store).await;
    store.append(&lease, Some(&run(1)), &armed(1)).await.unwrap();
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(alive.root().join(name), copied.root().join(name)).unwrap();
    }
    drop(store);
    disk.make_read_only().unwrap();
    let (what, hint) = unusable(SqliteStore::open_read_only(&copied, clock()));
    assert!(what.contains("cannot be opened") && !hint.is_empty(), "{what} {hint}");
}

#[tokio::test]
async fn state_directory_on_a_read_only_disk_cannot_be_made_and_says_so() {
    let Some(disk) = disk("state_directory_on_a_read_only_disk_cannot_be_made_and_says_so") else { return };
    disk.make_read_only().unwrap();
    let place = disk.path().join("state");
    let (what, hint) = unusable(StateDir::create(&place));
    assert!(what.contains("the file system is read-only") && hint.contains("--state"), "{what} {hint}");
    let reader = SqliteStore::open_read_only(&StateDir::at(&place), clock()).unwrap();
    assert_eq!(reader.environments().await.unwrap(), []);
}

#[tokio::test]
async fn directory_of_another_user_is_read_and_not_written() {
    let world = World::filled(1).await;
    if let Err(error) = std::os::unix::fs::chown(world.dir.root(), Some(12_345), None) {
        return skip("directory_of_another_user_is_read_and_not_written", &format!("chown: {error}"));
    }
    let (what, hint) = unusable(SqliteStore::open(&world.dir, world.clock()));
    assert!(what.contains("belongs to user 12345") && hint.contains("--state"), "{what} {hint}");
    unusable(StateDir::create(world.dir.root()));
    assert_eq!(world.reader().run(&run(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn reader_sees_what_a_living_writer_appends_and_cannot_write() {
    let world = World::new();
    let store = world.store();
    let reader = world.reader();
    let lease = lease(&store).await;
    store.append(&lease, Some(&run(1)), &armed(1)).await.unwrap();
    assert_eq!(reader.run(&run(1)).await.unwrap().len(), 1);
    let (what, _) = unusable(reader.append(&lease, None, &armed(2)).await);
    assert!(what.contains("read-only"), "{what}");
}

#[tokio::test]
async fn journal_that_is_not_there_reads_as_empty_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::at(&folder.path().join("none"));
    let reader = SqliteStore::open_read_only(&dir, clock()).unwrap();
    assert_eq!(reader.records(&staging(), &[]).await.unwrap(), []);
    assert_eq!(reader.holder(&staging()).await.unwrap(), None);
    assert_eq!(reader.verify_chain().await.unwrap().records, 0);
    assert!(!dir.root().exists());
}

#[tokio::test]
async fn file_in_the_place_of_the_directory_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let (what, _) = unusable(SqliteStore::open_read_only(&StateDir::at(&file), clock()));
    assert!(what.contains("is a file, not a folder"), "{what}");
}

#[tokio::test]
async fn file_that_is_no_journal_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::create(&folder.path().join("state")).unwrap();
    let garbage = b"this is not a database, and it is long enough to be looked at as one".repeat(20);
    fs::write(dir.journal(), &garbage).unwrap();
    for result in [SqliteStore::open(&dir, clock()), SqliteStore::open_read_only(&dir, clock())] {
        let (what, _) = unusable(result);
        assert!(what.contains("damaged, or not a journal"), "{what}");
    }
    assert_eq!(fs::read(dir.journal()).unwrap(), garbage);
}

#[tokio::test]
async fn database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::create(&folder.path().join("state")).unwrap();
    let theirs = rusqlite::Connection::open(dir.journal()).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(theirs);
    let before = fs::read(dir.journal()).unwrap();
    for result in [SqliteStore::open(&dir, clock()), SqliteStore::open_read_only(&dir, clock())] {
        let (what, _) = unusable(result);
        assert!(what.contains("another program"), "{what}");
    }
    assert_eq!(fs::read(dir.journal()).unwrap(), before);
}

#[tokio::test]
async fn other_writer_that_hangs_is_said_to_be_busy_and_reading_goes_on() {
    let world = World::filled(1).await;
    let store = world.store();
    let raw = world.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (what, hint) = unusable(store.acquire(&staging(), "b", TTL).await);
    assert!(what.contains("another process has been writing") && hint.contains("hangs"), "{what} {hint}");
    assert_eq!(store.run(&run(1)).await.unwrap().len(), 1);
}
