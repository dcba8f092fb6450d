//! Dumps of other tools.

use backout_core::config::{BackupEncryption, SecretOrText, Sensitive};
use backout_core::data::{Level, Packing, PointKind, Sealing};
use backout_core::port::Database as _;

use crate::ground::{Ground, SHOP, fallen};

async fn imports(ground: &Ground, file: &str, expected: PointKind) {
    let point = ground.import(file).await.unwrap_or_else(|error| panic!("{file}: {error:?}"));
    assert_eq!((point.kind.clone(), point.verified), (expected, Some(Level::V2)), "{file}");
    let manifest = ground.manifest(&point).await;
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    assert_eq!((rows, manifest.large_objects.count, manifest.snapshot), (5684, 100, None), "{file}");
    let verification = ground.verify(&point, Level::V3).await;
    assert_eq!(verification.reached, Some(Level::V3), "{file}: {:?}", fallen(&verification));
    let files = std::fs::read_dir(ground.folder.path()).unwrap().count();
    ground.database().release(&point).await.unwrap();
    assert_eq!(std::fs::read_dir(ground.folder.path()).unwrap().count(), files, "{file} was somebody else's");
}

#[tokio::test]
async fn every_format_of_pg_dump_is_registered_where_it_lies() {
    let ground = Ground::new(SHOP).await;
    let (packing, sealing) = (Packing::None, Sealing::None);
    let cases = [
        ("a.custom", "-Fc", PointKind::Custom { packing, sealing }),
        ("a.folder", "-Fd", PointKind::Directory { packing, sealing }),
        ("a.tar", "-Ft", PointKind::Tar { packing, sealing }),
        ("a.sql", "-Fp", PointKind::Plain { packing, sealing }),
    ];
    for (file, format, kind) in cases {
        ground.program("pg_dump").args([format, "-f", file]).run().await.unwrap();
        imports(&ground, file, kind).await;
    }
}

#[tokio::test]
async fn packed_and_sealed_files_of_the_usual_programs_are_registered() {
    let mut ground = Ground::new(SHOP).await;
    ground.program("pg_dump").args(["-Fp", "-f", "a.sql"]).run().await.unwrap();
    ground.program("pg_dump").args(["-Fd", "-Z0", "-f", "folder"]).run().await.unwrap();
    ground.run("gzip", &["-k", "a.sql"]).await;
    ground.run("zstd", &["-q", "a.sql"]).await;
    ground.run("tar", &["-czf", "folder.tar.gz", "folder"]).await;
    ground
        .run(
            "openssl",
            &["enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:old horse", "-in", "a.sql.gz", "-out", "a.sql.gz.enc"],
        )
        .await;
    // As a runbook has it: no key derivation is asked for, so `openssl` takes its old one.
    ground.program("pg_dump").args(["-Fc", "-f", "latest.dump"]).run().await.unwrap();
    ground.run("gzip", &["-k", "latest.dump"]).await;
    let old = ["enc", "-aes-256-cbc", "-pass", "pass:old horse", "-in", "latest.dump.gz", "-out", "latest.dump.gz.enc"];
    ground.run("openssl", &old).await;
    let passphrase = SecretOrText::Text(Sensitive::new("old horse".to_owned()));
    ground.configure(|backup| backup.encrypt = Some(BackupEncryption::Openssl { passphrase, iterations: 20_000 }));
    let plain = |packing, sealing| PointKind::Plain { packing, sealing };
    imports(&ground, "a.sql.gz", plain(Packing::Gzip, Sealing::None)).await;
    imports(&ground, "a.sql.zst", plain(Packing::Zstd, Sealing::None)).await;
    imports(&ground, "a.sql.gz.enc", plain(Packing::Gzip, Sealing::Openssl)).await;
    let latest = PointKind::Custom { packing: Packing::Gzip, sealing: Sealing::Openssl };
    imports(&ground, "latest.dump.gz.enc", latest).await;
    let folder = PointKind::Directory { packing: Packing::Gzip, sealing: Sealing::None };
    imports(&ground, "folder.tar.gz", folder).await;
}

#[tokio::test]
async fn what_is_no_whole_dump_is_not_registered() {
    let ground = Ground::new(SHOP).await;
    ground.program("pg_dump").args(["-Fp", "-f", "a.sql"]).run().await.unwrap();
    let whole = std::fs::read(ground.folder.path().join("a.sql")).unwrap();
    std::fs::write(ground.folder.path().join("a.sql"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(ground.folder.path().join("noise"), [0, 1, 2, 3]).unwrap();
    let cut = ground.import("a.sql").await.unwrap_err();
    assert!(cut.what.contains("cut short"), "{cut}");
    let noise = ground.import("noise").await.unwrap_err();
    assert!(noise.what.contains("is no dump"), "{noise}");
    let missing = ground.import("nothing").await.unwrap_err();
    assert!(missing.what.contains("could not read"), "{missing}");
}
