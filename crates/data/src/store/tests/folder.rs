//! A folder as a store.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use backout_core::config::BackupStore;
use backout_testkit::skip::skip;
use backout_testkit::small_disk::SmallDisk;
use tempfile::TempDir;

use super::super::{Store, open, open_at};
use super::{content, get, names, put, target};

async fn store_in(folder: &Path) -> Arc<dyn Store> {
    open(&target(BackupStore::Folder("backups".to_owned()), folder)).await.unwrap()
}

async fn store() -> (TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(folder.path()).await;
    (folder, store)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<String> = entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { files(&path) } else { vec![path.file_name().unwrap().display().to_string()] }
        })
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_is_stored_is_read_again_by_its_owner_only() {
    let (folder, store) = store().await;
    let object = put(&*store, "shop/b-1/dump", &content(100_000)).unwrap();
    assert_eq!((object.name.as_str(), object.bytes), ("shop/b-1/dump", 100_000));
    assert!(get(&*store, "shop/b-1/dump", 0).unwrap() == content(100_000));
    assert!(get(&*store, "shop/b-1/dump", 99_990).unwrap() == content(100_000)[99_990..]);
    store.read(&object).unwrap().drain().unwrap();
    let mode = |path: &str| folder.path().join(path).metadata().unwrap().permissions().mode() & 0o777;
    let modes = ["backups", "backups/shop", "backups/shop/b-1", "backups/shop/b-1/dump"].map(mode);
    assert_eq!(modes, [0o700, 0o700, 0o700, 0o600]);
    assert_eq!(store.size("shop/b-1/dump").unwrap(), Some(100_000));
    assert_eq!((store.size("shop/b-1").unwrap(), store.size("shop/b-2/dump").unwrap()), (None, None));
}

#[tokio::test]
async fn the_place_of_a_store_leads_to_it_again() {
    let (folder, store) = store().await;
    put(&*store, "shop/b/x", b"x").unwrap();
    assert_eq!(store.place(), format!("file:{}/backups/", folder.path().display()));
    let target = target(BackupStore::Folder("elsewhere".to_owned()), folder.path());
    let again = open_at(&target, &store.place()).await.unwrap();
    assert_eq!((again.place(), names(&*again, "")), (store.place(), vec!["shop/b/x".to_owned()]));
    assert!(open_at(&target, "file:relative/").await.is_err());
    assert!(open_at(&target, "ftp://host/").await.is_err());
}

#[tokio::test]
async fn objects_are_listed_by_folder_and_removed_with_what_became_empty() {
    let (folder, store) = store().await;
    for name in ["shop/b-2/dump", "shop/b-1/dump", "shop/b-1/manifest", "crm/b-1/dump"] {
        put(&*store, name, name.as_bytes()).unwrap();
    }
    assert_eq!(names(&*store, ""), ["crm/b-1/dump", "shop/b-1/dump", "shop/b-1/manifest", "shop/b-2/dump"]);
    assert_eq!(names(&*store, "shop/b-1"), ["shop/b-1/dump", "shop/b-1/manifest"]);
    assert_eq!(names(&*store, "nowhere"), Vec::<String>::new());
    store.remove("shop/b-2/dump").unwrap();
    store.remove("shop/b-2/dump").unwrap();
    assert!(!folder.path().join("backups/shop/b-2").exists());
    assert!(folder.path().join("backups/shop/b-1").exists());
    let error = store.read_from("shop/b-2/dump", 0).map(drop).unwrap_err();
    assert!(error.hint.is_some() && error.what.contains("shop/b-2/dump"), "{error}");
}

#[tokio::test]
async fn nothing_is_visible_before_it_is_whole_or_left_of_what_was_dropped() {
    let (folder, store) = store().await;
    let mut upload = store.write("shop/b/dump").unwrap();
    upload.write_all(&content(5_000)).unwrap();
    assert_eq!((store.size("shop/b/dump").unwrap(), names(&*store, "")), (None, Vec::new()));
    assert!(store.write("shop/b/dump").is_err(), "a second writer of the same object is refused");
    drop(upload);
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
async fn what_a_killed_run_left_is_removed_and_what_is_being_written_is_not() {
    let (folder, store) = store().await;
    let mut upload = store.write("shop/b-2/dump").unwrap();
    upload.write_all(b"half").unwrap();
    let left = folder.path().join("backups/shop/b-1");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("dump.backout-part"), "left behind").unwrap();
    put(&*store, "shop/b-3/dump", b"x").unwrap();
    assert_eq!(files(folder.path()), ["dump", "dump.backout-part"]);
    upload.finish().unwrap();
    assert_eq!(get(&*store, "shop/b-2/dump", 0).unwrap(), b"half");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
async fn neither_names_nor_links_lead_out_of_the_folder() {
    let (folder, store) = store().await;
    put(&*store, "shop/b/dump", b"x").unwrap();
    std::fs::create_dir(folder.path().join("outside")).unwrap();
    std::fs::write(folder.path().join("outside/secret"), "secret").unwrap();
    symlink(folder.path().join("outside"), folder.path().join("backups/link")).unwrap();
    for name in ["../outside/secret", "shop/../../outside/secret", "link/secret", "/etc/passwd"] {
        assert!(store.read_from(name, 0).is_err() && store.write(name).is_err(), "{name}");
    }
    symlink(folder.path().join("outside/secret"), folder.path().join("backups/shop/b/new.backout-part")).unwrap();
    assert!(store.write("shop/b/new").is_err(), "a link in the place of a part is not written through");
    assert_eq!(std::fs::read_to_string(folder.path().join("outside/secret")).unwrap(), "secret");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
async fn an_object_that_was_cut_short_or_changed_is_not_what_was_stored() {
    let (folder, store) = store().await;
    let object = put(&*store, "shop/b/dump", &content(9_000)).unwrap();
    let path = folder.path().join("backups/shop/b/dump");
    for wrong in [content(8_999), content(9_001), vec![0; 9_000]] {
        std::fs::write(&path, wrong).unwrap();
        let error = crate::seal::failed("V0", &store.read(&object).unwrap().drain().unwrap_err());
        assert!(error.what.contains("shop/b/dump") && error.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_in_words_and_nothing_is_left_on_it() {
    let Ok(disk) = SmallDisk::mount(512) else {
        return skip("a_full_disk_is_told_in_words_and_nothing_is_left_on_it", "a memory disk cannot be mounted here");
    };
    let store = store_in(disk.path()).await;
    let error = put(&*store, "shop/b/dump", &content(2_000_000)).unwrap_err();
    assert!(error.hint.unwrap().contains("room"), "{}", error.what);
    assert_eq!(files(disk.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_is_told_in_words() {
    let Ok(disk) = SmallDisk::mount(512) else {
        return skip("a_disk_that_cannot_be_written_is_told_in_words", "a memory disk cannot be mounted here");
    };
    disk.make_read_only().unwrap();
    let error = put(&*store_in(disk.path()).await, "shop/b/dump", b"x").unwrap_err();
    assert!(error.hint.unwrap().contains("mount"), "{}", error.what);
}
