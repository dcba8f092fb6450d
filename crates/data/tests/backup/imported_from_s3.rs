//! Dumps of other tools in a real S3 server.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use backout_core::config::{BackupStore, S3Store, SecretOrText, Sensitive};
use backout_core::data::{Level, PointKind};
use backout_core::port::{Database as _, ForeignDump};
use backout_testkit::skip::skip;

use crate::ground::{Ground, SHOP, fallen};
use crate::s3_server::S3Server;

/// Puts an object there as whoever is no part of backout would.
fn put(server: &S3Server, path: &str, content: &[u8]) {
    let host = server.endpoint().replace("http://", "");
    let mut stream = TcpStream::connect(&host).unwrap();
    let length = content.len();
    write!(stream, "PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
        .unwrap();
    stream.write_all(content).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn keys(ground: &mut Ground, server: &S3Server) {
    let text = |text: &str| Some(SecretOrText::Text(Sensitive::new(text.to_owned())));
    let settings = S3Store {
        bucket: "ours".to_owned(),
        prefix: "prod/".to_owned(),
        endpoint: Some(server.endpoint()),
        region: "us-east-1".to_owned(),
        access_key_id: text("AKIAIOSFODNN7EXAMPLE"),
        secret_access_key: text("hunter2hunter2"),
    };
    ground.configure(|backup| backup.store = BackupStore::S3(Box::new(settings)));
}

/// A server of S3, or why the test is skipped.
async fn server(name: &str, strict: bool) -> Option<S3Server> {
    S3Server::start(strict).await.map_err(|why| skip(name, &why)).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_s3_is_registered_where_it_lies_and_the_newest_is_found() {
    let name = "a_dump_in_s3_is_registered_where_it_lies_and_the_newest_is_found";
    let Some(server) = server(name, false).await else { return };
    let mut ground = Ground::new(SHOP).await;
    keys(&mut ground, &server);
    ground.program("pg_dump").args(["-Fc", "-f", "a.dump"]).run().await.unwrap();
    let dump = std::fs::read(ground.folder.path().join("a.dump")).unwrap();
    put(&server, "/backups/pg/2026-11-21.dump", b"no dump, and older");
    put(&server, "/backups/elsewhere/b.dump", b"elsewhere");
    // A time in S3 has whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    put(&server, "/backups/pg/2026-11-22.dump", &dump);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    put(&server, "/backups/pg/2026-11-22.dump.sha256", b"0  a.dump");
    put(&server, "/backups/pg/begun.dump", b"");
    for asked in [
        ForeignDump::At("s3://backups/pg/2026-11-22.dump"),
        ForeignDump::NewestUnder("s3://backups/pg"),
        ForeignDump::NewestUnder("s3://backups/pg/"),
        ForeignDump::NewestUnder("s3://backups/pg/2026-"),
    ] {
        let point = ground.import_from(asked).await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        assert!(matches!(point.kind, PointKind::Custom { .. }) && point.verified == Some(Level::V2), "{point:?}");
        let lies = format!("{}{}", point.store, point.objects[0].name);
        assert_eq!((lies.as_str(), point.objects[0].bytes), ("s3://backups/pg/2026-11-22.dump", dump.len() as u64));
        let verification = ground.verify(&point, Level::V3).await;
        assert_eq!(verification.reached, Some(Level::V3), "{:?}", fallen(&verification));
        ground.database().release(&point).await.unwrap();
        let again = ground.verify(&point, Level::V0).await;
        assert_eq!(again.reached, Some(Level::V0), "it is somebody else's: {:?}", fallen(&again));
    }
    let older = ground.import_from(ForeignDump::NewestUnder("s3://backups/pg/2026-11-21")).await.unwrap_err();
    assert!(older.what.contains("s3://backups/pg/2026-11-21.dump cannot be registered"), "never an older one: {older}");
    let missing = ground.import_from(ForeignDump::At("s3://backups/pg/2026-11-23.dump")).await.unwrap_err();
    assert!(missing.what.contains("no `2026-11-23.dump` in s3://backups/pg/"), "{missing}");
    assert_eq!(missing.hint.as_deref(), Some("the newest there is `2026-11-22.dump`"));
    let nothing = ground.import_from(ForeignDump::NewestUnder("s3://backups/nothing/")).await.unwrap_err();
    assert!(nothing.what.contains("no dump below s3://backups/nothing/") && nothing.hint.is_some(), "{nothing}");
    let bucket = ground.import_from(ForeignDump::At("s3://vanished/a.dump")).await.unwrap_err();
    assert!(bucket.what.contains("`vanished` does not exist"), "{bucket}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credentials_of_the_tools_of_amazon_are_taken_where_none_are_configured() {
    let name = "the_credentials_of_the_tools_of_amazon_are_taken_where_none_are_configured";
    let Some(server) = server(name, false).await else { return };
    let mut ground = Ground::new(SHOP).await;
    ground.program("pg_dump").args(["-Fp", "-f", "a.sql"]).run().await.unwrap();
    put(&server, "/backups/a.sql", &std::fs::read(ground.folder.path().join("a.sql")).unwrap());
    let address = server.endpoint();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", address.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2hunter2"),
        ("AWS_REGION", "eu-central-1"),
    ] {
        ground.export(name, value);
    }
    let point = ground.import_from(ForeignDump::NewestUnder("s3://backups")).await.unwrap();
    assert_eq!((point.store.as_str(), point.objects[0].name.as_str()), ("s3://backups/", "a.sql"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_is_told_so_with_what_to_do() {
    let Some(server) = server("who_may_not_read_is_told_so_with_what_to_do", true).await else { return };
    let mut ground = Ground::new(SHOP).await;
    keys(&mut ground, &server);
    for asked in [ForeignDump::At("s3://backups/a.dump"), ForeignDump::NewestUnder("s3://backups/")] {
        let error = ground.import_from(asked).await.unwrap_err();
        assert!(error.what.contains("refuses our credentials") && !error.what.contains("hunter2"), "{error}");
        assert!(error.hint.unwrap().contains("to import one: to get and list"), "{asked}");
    }
}
