//! Configuration files: links, owners, and kills.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use backout_adapters::files::HostFiles;
use backout_core::port::{Content, FileChange, Files};

use crate::world::put;

fn content(text: &str, mode: u32) -> Content {
    Content { bytes: text.as_bytes().to_vec(), mode }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_file_is_replaced_with_its_mode_and_owner_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.toml");
    put(&path, "old");
    std::os::unix::fs::chown(&path, Some(1234), Some(1234)).ok();
    let owner = fs::metadata(&path).unwrap().uid();
    let new = content("new", 0o640);
    assert_eq!(HostFiles.write(text(&path), Some(&new)).await, Ok(FileChange::Changed));
    assert_eq!(HostFiles.write(text(&path), Some(&new)).await, Ok(FileChange::Same));
    assert_eq!(HostFiles.read(text(&path)).await, Ok(Some(new)));
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.uid(), found.permissions().mode() & 0o7777), (owner, 0o640));
}

#[tokio::test]
async fn a_link_stays_a_link_and_what_it_points_to_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("shared/app.toml"), folder.path().join("app.toml"));
    put(&real, "old");
    symlink("shared/app.toml", &link).unwrap();
    HostFiles.write(text(&link), Some(&content("new", 0o600))).await.unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "new");
    fs::remove_file(&real).unwrap();
    assert_eq!(HostFiles.read(text(&link)).await, Ok(None));
    HostFiles.write(text(&link), Some(&content("made", 0o600))).await.unwrap();
    assert_eq!((link.is_symlink(), fs::read_to_string(&real).unwrap().as_str()), (true, "made"));
    assert_eq!(HostFiles.write(text(&link), None).await, Ok(FileChange::Changed));
    assert_eq!((link.is_symlink(), real.exists()), (false, true));
}

#[tokio::test]
async fn removing_what_is_not_there_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/file");
    assert_eq!(HostFiles.write(text(&path), None).await, Ok(FileChange::Same));
    assert_eq!(HostFiles.read(text(&path)).await, Ok(None));
    HostFiles.write(text(&path), Some(&content("x", 0o644))).await.unwrap();
    assert_eq!(HostFiles.read(text(&path)).await, Ok(Some(content("x", 0o644))));
}

#[tokio::test]
async fn a_folder_and_a_loop_of_links_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(HostFiles.read(text(folder.path())).await.unwrap_err().hint.is_some());
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    symlink("b", &a).unwrap();
    symlink("a", &b).unwrap();
    assert!(HostFiles.write(text(&a), Some(&content("x", 0o644))).await.is_err());
}

/// Not a test by itself: what the next one kills.
#[tokio::test]
async fn endless_writer() {
    #[expect(clippy::disallowed_methods, reason = "how the other test tells this one what to do")]
    let path = std::env::var_os("ENDLESS_WRITER_FILE");
    while let Some(path) = &path {
        for letter in ["a", "b"] {
            HostFiles.write(path.to_str().unwrap(), Some(&content(&letter.repeat(300_000), 0o600))).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_the_old_or_the_new_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.toml");
    put(&path, &"a".repeat(300_000));
    let test = std::env::current_exe().unwrap();
    for turn in 0..25u64 {
        let variable = format!("ENDLESS_WRITER_FILE={}", path.display());
        let arguments = [variable.as_str(), test.to_str().unwrap(), "--exact", "files::endless_writer"];
        let mut writer = crate::world::spawn("env", &arguments);
        tokio::time::sleep(Duration::from_micros(20_000 + turn * 1_370)).await;
        writer.kill().unwrap();
        writer.wait().unwrap();
        let found = fs::read_to_string(&path).unwrap();
        assert!(found == "a".repeat(300_000) || found == "b".repeat(300_000), "{} bytes", found.len());
    }
    HostFiles.write(text(&path), Some(&content("last", 0o600))).await.unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}
