//! The programs whose formats these are read what we write, and we read what they write.

use std::path::Path;

use backout_adapters::command::{Command, Environment};
use backout_core::config::Sensitive;
use backout_core::data::{Packing, Sealing};

use super::{PASSPHRASE, ROUNDS, dump, keys, opened, sealed};
use crate::seal::{Keys, failed};

async fn piped(program: &str, words: &[&str], content: &[u8]) -> Vec<u8> {
    let environment = Environment::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]);
    let command = Command::new(program, &environment).env("PASSPHRASE", PASSPHRASE);
    command.args(words.iter().copied()).stdin(content).run().await.unwrap().stdout
}

fn openssl(rounds: &str) -> Vec<&str> {
    vec!["enc", "-aes-256-cbc", "-pbkdf2", "-iter", rounds, "-pass", "env:PASSPHRASE"]
}

#[tokio::test]
async fn zstd_and_gzip_read_ours_and_we_read_theirs() {
    let (keys, content) = (keys(), dump(300_000));
    for (program, packing) in [("zstd", Packing::Zstd), ("gzip", Packing::Gzip)] {
        let ours = sealed(&content, packing, Sealing::None, &keys);
        assert!(piped(program, &["-d", "-c"], &ours).await == content, "{program} reads ours");
        let theirs = piped(program, &["-c"], &content).await;
        assert!(opened(&theirs, packing, Sealing::None, &keys).unwrap() == content, "we read what {program} wrote");
        let twice = [theirs.clone(), theirs].concat();
        assert!(opened(&twice, packing, Sealing::None, &keys).unwrap() == content.repeat(2), "{program}, appended");
    }
}

#[tokio::test]
async fn what_zstd_wrote_with_its_largest_window_is_read() {
    let content = dump(300_000);
    let theirs = piped("zstd", &["-c", "--long=31", "-T2"], &content).await;
    assert!(opened(&theirs, Packing::Zstd, Sealing::None, &keys()).unwrap() == content);
}

#[tokio::test]
async fn openssl_reads_ours_and_we_read_its_with_the_rounds_configured() {
    let (keys, content) = (keys(), dump(200_001));
    let rounds = ROUNDS.to_string();
    let ours = sealed(&content, Packing::None, Sealing::Openssl, &keys);
    let read = [openssl(&rounds), vec!["-d"]].concat();
    assert!(piped("openssl", &read, &ours).await == content);
    let theirs = piped("openssl", &openssl(&rounds), &content).await;
    assert!(opened(&theirs, Packing::None, Sealing::Openssl, &keys).unwrap() == content);
}

#[tokio::test]
async fn what_openssl_wrote_in_its_older_ways_is_read() {
    let (keys, content) = (keys(), dump(70_000));
    let ways: [&[&str]; 4] = [&["-pbkdf2"], &["-md", "sha256"], &["-md", "md5"], &["-pbkdf2", "-iter", "1000"]];
    for way in ways {
        let words = [&["enc", "-aes-256-cbc", "-pass", "env:PASSPHRASE"], way].concat();
        let theirs = piped("openssl", &words, &content).await;
        assert!(opened(&theirs, Packing::None, Sealing::Openssl, &keys).unwrap() == content, "{way:?}");
    }
}

#[tokio::test]
async fn rounds_that_nobody_named_are_hinted_at() {
    let theirs = piped("openssl", &openssl("77777"), &dump(900)).await;
    let error = failed("", &opened(&theirs, Packing::None, Sealing::Openssl, &keys()).unwrap_err());
    assert!(error.hint.unwrap().contains("iterations"));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
async fn age_reads_ours_and_we_read_its() {
    let (keys, content, folder) = (keys(), dump(200_000), tempfile::tempdir().unwrap());
    let identity = folder.path().join("key");
    std::fs::write(&identity, keys.identities.as_ref().unwrap().reveal()).unwrap();
    let ours = sealed(&content, Packing::Zstd, Sealing::Age, &keys);
    let packed = piped("age", &["-d", "-i", text(&identity)], &ours).await;
    assert!(piped("zstd", &["-d", "-c"], &packed).await == content);
    let theirs = piped("age", &["-r", &keys.recipients[0]], &content).await;
    assert!(opened(&theirs, Packing::None, Sealing::Age, &keys).unwrap() == content);
}

#[tokio::test]
async fn a_key_file_as_age_keygen_writes_it_is_read_with_its_comments() {
    let printed = String::from_utf8(piped("age-keygen", &[], b"").await).unwrap();
    let public = printed.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let keys = Keys::age(vec![public.to_owned()], Some(Sensitive::new(printed.clone())));
    let stored = sealed(&dump(99), Packing::None, Sealing::Age, &keys);
    assert!(opened(&stored, Packing::None, Sealing::Age, &keys).unwrap() == dump(99));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
