//! Restore points that somebody changed, cut short or emptied.

use std::path::Path;

use backout_core::config::{BackupEncryption, SecretOrText, Sensitive};
use backout_core::data::{Level, RestorePoint};
use backout_core::port::Database as _;

use crate::ground::{Ground, SHOP, fallen};

fn flip(file: &Path) {
    let mut content = std::fs::read(file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(file, content).unwrap();
}

fn cut(file: &Path) {
    let content = std::fs::read(file).unwrap();
    std::fs::write(file, &content[..content.len() - 1]).unwrap();
}

fn grow(file: &Path) {
    let mut content = std::fs::read(file).unwrap();
    content.push(0);
    std::fs::write(file, content).unwrap();
}

fn remove(file: &Path) {
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn whatever_happened_to_any_object_nothing_is_reached() {
    let mut ground = Ground::new(SHOP).await;
    let passphrase = SecretOrText::Text(Sensitive::new("correct horse".to_owned()));
    let openssl = BackupEncryption::Openssl { passphrase, iterations: 1000 };
    for encryption in [None, Some(openssl)] {
        ground.configure(|backup| backup.encrypt = encryption);
        let point = ground.take().await.unwrap();
        assert_eq!(point.objects.len(), 2);
        for object in &point.objects {
            let file = ground.store().join(&object.name);
            let whole = std::fs::read(&file).unwrap();
            for damage in [flip, cut, grow, remove] {
                damage(&file);
                let verification = ground.verify(&point, Level::V4).await;
                assert_eq!(verification.reached, None, "{}", object.name);
                assert!(fallen(&verification)[0].name.contains(&object.name));
                std::fs::write(&file, &whole).unwrap();
            }
        }
        assert_eq!(ground.verify(&point, Level::V0).await.reached, Some(Level::V0));
    }
}

/// A point whose checksums were written anew after the damage, as somebody would who can change journal and store.
fn resealed(ground: &Ground, point: &RestorePoint) -> RestorePoint {
    let mut point = point.clone();
    for object in &mut point.objects {
        let content = std::fs::read(ground.store().join(&object.name)).unwrap();
        object.bytes = content.len() as u64;
        object.sha256 = sha256(&content);
    }
    point
}

fn sha256(content: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_dump_that_was_broken_before_it_was_stored_does_not_decode() {
    let ground = Ground::new(SHOP).await;
    let point = ground.take().await.unwrap();
    let file = ground.store().join(&point.objects[0].name);
    let whole = std::fs::read(&file).unwrap();
    for damage in [flip, cut] {
        damage(&file);
        let verification = ground.verify(&resealed(&ground, &point), Level::V4).await;
        assert_eq!(verification.reached, Some(Level::V0), "{:?}", verification.checks);
        std::fs::write(&file, &whole).unwrap();
    }
    let raw = zstd::decode_all(whole.as_slice()).unwrap();
    let short = zstd::encode_all(&raw[..raw.len() * 2 / 3], 3).unwrap();
    std::fs::write(&file, short).unwrap();
    let verification = ground.verify(&resealed(&ground, &point), Level::V4).await;
    assert_eq!(verification.reached, Some(Level::V0), "{:?}", verification.checks);
}

#[tokio::test]
async fn a_sound_dump_of_other_rows_is_not_what_the_manifest_says() {
    let ground = Ground::new(SHOP).await;
    let point = ground.take().await.unwrap();
    let session = ground.session().await;
    session.batch_execute("TRUNCATE t; UPDATE without_key SET b = 1 WHERE a = 0").await.unwrap();
    let other = ground.program("pg_dump").args(["-Fc", "-Z0"]).run().await.unwrap().stdout;
    let packed = zstd::encode_all(other.as_slice(), 3).unwrap();
    std::fs::write(ground.store().join(&point.objects[0].name), packed).unwrap();
    let verification = ground.verify(&resealed(&ground, &point), Level::V4).await;
    assert_eq!(verification.reached, Some(Level::V2));
    let fallen: Vec<&str> = fallen(&verification).iter().map(|check| check.name.as_str()).collect();
    assert_eq!(fallen, ["rows", "contents"]);
}

#[tokio::test]
async fn a_dump_of_an_emptied_table_is_told_from_the_one_before() {
    let mut ground = Ground::new(SHOP).await;
    let before = ground.take().await.unwrap();
    ground.session().await.batch_execute("TRUNCATE t").await.unwrap();
    let other = ground.folder.path().join("other").display().to_string();
    ground.configure(|backup| backup.store = backout_core::config::BackupStore::Folder(other));
    let after = ground.take().await.unwrap();
    let alone = ground.verify(&after, Level::V3).await;
    assert_eq!(alone.reached, Some(Level::V3), "{:?}", fallen(&alone));
    let beside = ground.database().verify(&after, Level::V3, Some(&before), ground.ports()).await.unwrap();
    assert_eq!(beside.reached, Some(Level::V2));
    assert!(fallen(&beside)[0].what.contains("`t` had 30 rows"), "{:?}", fallen(&beside));
}
