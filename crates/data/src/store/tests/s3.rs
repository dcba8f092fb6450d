//! A bucket as a store.

use std::io::Write;
use std::sync::Arc;

use backout_core::config::{BackupStore, S3Store};
use backout_testkit::skip::skip;

use super::super::{Store, open, open_at};
use super::s3_server::S3Server;
use super::{content, get, names, put, target, text};
use crate::Target;

const MIB: usize = 1024 * 1024;

fn settings(server: &S3Server, bucket: &str) -> S3Store {
    S3Store {
        bucket: bucket.to_owned(),
        prefix: "prod/".to_owned(),
        endpoint: Some(server.endpoint()),
        region: "us-east-1".to_owned(),
        access_key_id: Some(text("AKIAIOSFODNN7EXAMPLE")),
        secret_access_key: Some(text("hunter2hunter2")),
    }
}

fn target_of(settings: S3Store) -> Target {
    target(BackupStore::S3(Box::new(settings)), std::path::Path::new("/"))
}

async fn store(server: &S3Server, bucket: &str) -> Arc<dyn Store> {
    open(&target_of(settings(server, bucket))).await.unwrap()
}

/// What blocks, on a thread that may.
async fn blocking(work: impl FnOnce() + Send + 'static) {
    tokio::task::spawn_blocking(work).await.unwrap();
}

/// A server, or why the test is skipped.
async fn server(name: &str, strict: bool) -> Option<S3Server> {
    S3Server::start(strict).await.map_err(|why| skip(name, &why)).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_many_parts_comes_back_whole_and_from_any_byte_on() {
    let Some(server) = server("an_object_of_many_parts_comes_back_whole_and_from_any_byte_on", false).await else {
        return;
    };
    let store = store(&server, "backups").await;
    blocking(move || {
        for length in [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 27 * MIB + 5] {
            let wanted = content(length);
            let object = put(&*store, "shop/b-1/dump", &wanted).unwrap();
            assert_eq!(object.bytes, length as u64);
            assert_eq!(store.size("shop/b-1/dump").unwrap(), Some(length as u64));
            assert!(get(&*store, "shop/b-1/dump", 0).unwrap() == wanted, "{length}");
            let middle = length / 3;
            assert!(get(&*store, "shop/b-1/dump", middle as u64).unwrap() == wanted[middle..], "{length}");
            store.read(&object).unwrap().drain().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_listed_under_the_prefix_only_and_removed() {
    let Some(server) = server("objects_are_listed_under_the_prefix_only_and_removed", false).await else { return };
    let (ours, theirs) = (store(&server, "backups").await, settings(&server, "backups"));
    let theirs = open(&target_of(S3Store { prefix: "production".to_owned(), ..theirs })).await.unwrap();
    blocking(move || {
        for name in ["shop/b-2/dump", "shop/b-1/dump", "shop/b-10/dump"] {
            put(&*ours, name, b"x").unwrap();
        }
        put(&*theirs, "shop/b-1/dump", b"y").unwrap();
        assert_eq!(names(&*ours, ""), ["shop/b-1/dump", "shop/b-10/dump", "shop/b-2/dump"]);
        assert_eq!(names(&*ours, "shop/b-1"), ["shop/b-1/dump"]);
        ours.remove("shop/b-1/dump").unwrap();
        ours.remove("shop/b-1/dump").unwrap();
        assert_eq!(ours.size("shop/b-1/dump").unwrap(), None);
        assert!(ours.read_from("shop/b-1/dump", 0).is_err());
        assert_eq!(names(&*theirs, ""), ["shop/b-1/dump"]);
        assert!(ours.write("../production/x").is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_a_bucket_leads_to_it_again() {
    let Some(server) = server("the_place_of_a_bucket_leads_to_it_again", false).await else { return };
    let first = store(&server, "backups").await;
    assert_eq!(first.place(), "s3://backups/prod/");
    let moved = S3Store { prefix: "elsewhere/".to_owned(), ..settings(&server, "backups") };
    let again = open_at(&target_of(moved), &first.place()).await.unwrap();
    blocking(move || {
        put(&*first, "shop/b/x", b"x").unwrap();
        assert_eq!(names(&*again, ""), ["shop/b/x"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_dropped_leaves_nothing_on_the_server() {
    let Some(server) = server("an_upload_that_is_dropped_leaves_nothing_on_the_server", false).await else { return };
    let store = store(&server, "backups").await;
    blocking(move || {
        let mut upload = store.write("shop/b/dump").unwrap();
        upload.write_all(&content(20 * MIB)).unwrap();
        assert!(server.ask("GET", "/backups?uploads").contains("<UploadId>"), "it has begun");
        assert_eq!(names(&*store, ""), Vec::<String>::new());
        drop(upload);
        assert!(!server.ask("GET", "/backups?uploads").contains("<UploadId>"));
        assert_eq!((names(&*store, ""), store.size("shop/b/dump").unwrap()), (Vec::new(), None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_cut_short_or_changed_on_the_server_is_not_what_was_stored() {
    let Some(server) = server("an_object_that_was_cut_short_or_changed_on_the_server", false).await else { return };
    let store = store(&server, "backups").await;
    blocking(move || {
        let object = put(&*store, "shop/b/dump", &content(9 * MIB)).unwrap();
        for wrong in [content(8 * MIB), vec![0; 9 * MIB]] {
            put(&*store, "shop/b/dump", &wrong).unwrap();
            let error = crate::seal::failed("V0", &store.read(&object).unwrap().drain().unwrap_err());
            assert!(error.what.contains("shop/b/dump") && error.hint.is_some(), "{error}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_replaced_while_it_is_read_is_not_mixed() {
    let Some(server) = server("an_object_that_is_replaced_while_it_is_read_is_not_mixed", false).await else { return };
    let store = store(&server, "backups").await;
    blocking(move || {
        put(&*store, "shop/b/dump", &content(40 * MIB)).unwrap();
        let mut reading = store.read_from("shop/b/dump", 0).unwrap();
        std::io::copy(&mut std::io::Read::take(&mut reading, 100), &mut std::io::sink()).unwrap();
        put(&*store, "shop/b/dump", &vec![0; 40 * MIB]).unwrap();
        let error = std::io::copy(&mut reading, &mut std::io::sink()).unwrap_err();
        assert!(crate::seal::failed("", &error).what.contains("replaced"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_vanished_is_told_by_name_whatever_is_done() {
    let Some(server) = server("a_bucket_that_vanished_is_told_by_name_whatever_is_done", false).await else { return };
    let store = store(&server, "vanished").await;
    blocking(move || {
        let small = put(&*store, "shop/b/dump", b"x").map(drop);
        let large = put(&*store, "shop/b/dump", &content(20 * MIB)).map(drop);
        let read = store.read_from("shop/b/dump", 0).map(drop);
        let rest = [store.size("shop/b/dump").map(drop), store.list("").map(drop)];
        for tried in [small, large, read].into_iter().chain(rest) {
            let error = tried.unwrap_err();
            assert!(error.what.contains("`vanished` does not exist") && error.hint.is_some(), "{error}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_told_and_not_shown() {
    let Some(server) = server("wrong_credentials_are_told_and_not_shown", true).await else { return };
    let store = store(&server, "backups").await;
    blocking(move || {
        let small = put(&*store, "shop/b/dump", b"x").map(drop);
        let large = put(&*store, "shop/b/dump", &content(20 * MIB)).map(drop);
        for tried in [small, large, store.list("").map(drop), store.size("shop/b/dump").map(drop)] {
            let error = tried.unwrap_err();
            assert!(error.what.contains("refuses our credentials"), "{error}");
            assert!(!error.what.contains("hunter2"), "{error}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_told_in_words() {
    let Some(server) = server("a_server_that_is_gone_is_told_in_words", false).await else { return };
    let store = store(&server, "backups").await;
    drop(server);
    blocking(move || {
        let error = put(&*store, "shop/b/dump", b"x").unwrap_err();
        assert!(error.what.contains("shop/b/dump") && error.hint.unwrap().contains("endpoint"), "{}", error.what);
    })
    .await;
}
