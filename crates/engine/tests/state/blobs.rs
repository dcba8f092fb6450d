//! The blob folder on real files: kept once, never in the clear, and every damage has its own words.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use backout_core::id::Digest;
use backout_core::inventory::BlobRef;
use backout_core::port::Blobs;
use backout_engine::blob::{BlobFolder, BlobKey};
use jiff::Timestamp;

use crate::world::{World, mode};

const SECRET: &[u8] = b"DATABASE_PASSWORD=correct-horse-battery";

fn file(world: &World, blob: &BlobRef) -> PathBuf {
    let hex = blob.digest.as_str().strip_prefix("keyed:").unwrap();
    world.dir.blobs().join(&hex[..2]).join(hex)
}

async fn stored() -> (World, BlobFolder, BlobRef, PathBuf) {
    let world = World::new();
    let folder = BlobFolder::open(&world.dir).unwrap();
    let blob = folder.put(SECRET).await.unwrap();
    let path = file(&world, &blob);
    (world, folder, blob, path)
}

#[tokio::test]
async fn content_comes_back_also_after_reopening() {
    let (world, folder, blob, _) = stored().await;
    assert_eq!(blob.bytes, SECRET.len() as u64);
    assert_eq!(blob.digest, folder.digest(SECRET));
    drop(folder);
    assert_eq!(BlobFolder::open(&world.dir).unwrap().get(&blob).await.unwrap(), SECRET);
    assert_eq!(BlobFolder::open_read_only(&world.dir).unwrap().get(&blob).await.unwrap(), SECRET);
}

#[tokio::test]
async fn empty_content_is_content() {
    let (_world, folder, _, _) = stored().await;
    let blob = folder.put(b"").await.unwrap();
    assert_eq!(folder.get(&blob).await.unwrap(), b"");
}

#[tokio::test]
async fn nothing_of_the_content_is_on_the_disk_and_nobody_else_can_read_it() {
    let (world, _, _, path) = stored().await;
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(8).any(|window| SECRET.windows(8).any(|secret| secret == window)));
    assert_eq!([mode(&path), mode(&world.dir.key())], [0o600; 2]);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn same_content_is_kept_once_and_other_content_beside_it() {
    let (_world, folder, blob, path) = stored().await;
    let before = fs::read(&path).unwrap();
    assert_eq!(folder.put(SECRET).await.unwrap(), blob);
    assert_eq!(fs::read(&path).unwrap(), before, "it was written anew");
    let other = folder.put(b"other").await.unwrap();
    let mut expected = [blob, other];
    expected.sort();
    let listed: Vec<BlobRef> = folder.list().await.unwrap().into_iter().map(|stored| stored.blob).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn missing_blob_is_said_to_be_missing() {
    let (_world, folder, blob, path) = stored().await;
    fs::remove_file(path).unwrap();
    let error = folder.get(&blob).await.unwrap_err();
    assert!(error.what.contains("is missing") && error.hint.is_some(), "{error}");
}

#[tokio::test]
async fn truncated_blob_is_said_to_be_truncated() {
    let (_world, folder, blob, path) = stored().await;
    let bytes = fs::read(&path).unwrap();
    for length in [0, 2, 10, 24, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = folder.get(&blob).await.unwrap_err();
        assert!(error.what.contains("is truncated"), "{length}: {error}");
    }
}

#[tokio::test]
async fn changed_blob_is_said_to_be_tampered_with() {
    let (_world, folder, blob, path) = stored().await;
    let bytes = fs::read(&path).unwrap();
    for place in [0, 15, 30, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        let error = folder.get(&blob).await.unwrap_err();
        assert!(error.what.contains("tampered with"), "{place}: {error}");
    }
    fs::write(&path, [&bytes[..], b"x"].concat()).unwrap();
    assert!(folder.get(&blob).await.unwrap_err().what.contains("tampered with"));
}

#[tokio::test]
async fn blob_in_the_place_of_another_is_tampering() {
    let (world, folder, blob, path) = stored().await;
    let same_length = folder.put(&[b'x'; SECRET.len()]).await.unwrap();
    fs::copy(file(&world, &same_length), path).unwrap();
    assert!(folder.get(&blob).await.unwrap_err().what.contains("tampered with"));
}

#[tokio::test]
async fn reference_with_another_length_is_noticed() {
    let (_world, folder, blob, _) = stored().await;
    for bytes in [blob.bytes - 1, blob.bytes + 1] {
        assert!(folder.get(&BlobRef { bytes, ..blob.clone() }).await.is_err(), "{bytes}");
    }
}

#[tokio::test]
async fn other_key_is_said_to_be_one() {
    let (world, _, blob, _) = stored().await;
    let folder = BlobFolder::with_key(world.dir.blobs(), BlobKey::from_secret(&[7; 32]));
    let error = folder.get(&blob).await.unwrap_err();
    assert!(error.what.contains("another key"), "{error}");
}

#[tokio::test]
async fn damaged_blob_is_healed_when_its_content_is_put_again() {
    let (_world, folder, blob, path) = stored().await;
    fs::write(&path, b"bkb").unwrap();
    folder.put(SECRET).await.unwrap();
    assert_eq!(folder.get(&blob).await.unwrap(), SECRET);
}

#[tokio::test]
async fn new_key_is_not_made_where_blobs_need_the_old_one() {
    let (world, _, _, _) = stored().await;
    fs::remove_file(world.dir.key()).unwrap();
    let error = BlobFolder::open(&world.dir).unwrap_err();
    assert!(error.what.contains("is gone"), "{error}");
    assert!(!world.dir.key().exists());
}

#[tokio::test]
async fn key_that_others_can_read_is_refused() {
    let (world, _, _, _) = stored().await;
    fs::set_permissions(world.dir.key(), fs::Permissions::from_mode(0o644)).unwrap();
    let error = BlobFolder::open(&world.dir).unwrap_err();
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("chmod 600")), "{error:?}");
}

#[tokio::test]
async fn deleted_blob_is_gone_and_may_be_deleted_again() {
    let (_world, folder, blob, path) = stored().await;
    folder.delete(&blob).await.unwrap();
    assert!(!path.exists() && folder.list().await.unwrap().is_empty());
    folder.delete(&blob).await.unwrap();
}

#[tokio::test]
async fn digest_without_the_key_names_no_blob() {
    let (_world, folder, _, _) = stored().await;
    let blob = BlobRef { digest: Digest::of(SECRET), bytes: SECRET.len() as u64 };
    assert!(folder.get(&blob).await.unwrap_err().what.contains("not the digest of a blob"));
    assert!(folder.delete(&blob).await.unwrap_err().what.contains("not the digest of a blob"));
}

#[tokio::test]
async fn putting_again_makes_a_blob_young() {
    let (_world, folder, _, path) = stored().await;
    let long_ago = UNIX_EPOCH + Duration::from_secs(1_000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let age = folder.list().await.unwrap()[0].put_at;
    assert_eq!(age.as_second(), 1_000);
    folder.put(SECRET).await.unwrap();
    assert!(folder.list().await.unwrap()[0].put_at > age);
}

#[tokio::test]
async fn sweep_takes_only_what_a_crash_left_long_ago() {
    let (_world, folder, blob, path) = stored().await;
    let left = path.with_file_name(".abc.1-0.tmp");
    fs::write(&left, "half").unwrap();
    assert_eq!(folder.list().await.unwrap().len(), 1, "what is half-written is no blob");
    assert_eq!(folder.sweep(Timestamp::UNIX_EPOCH).await.unwrap(), 0);
    assert_eq!(folder.sweep(Timestamp::MAX).await.unwrap(), 1);
    assert!(!left.exists());
    assert_eq!(folder.get(&blob).await.unwrap(), SECRET);
}

#[tokio::test]
async fn debug_shows_nothing_of_the_key() {
    let (world, folder, _, _) = stored().await;
    let key = fs::read(world.dir.key()).unwrap();
    let text = format!("{folder:?}");
    assert!(text.contains("BlobKey(secret)") && !text.contains(&format!("{}, {}", key[0], key[1])), "{text}");
}
