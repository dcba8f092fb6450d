//! Certificates that are not what they should be, and one that is.

use backout_core::config::{HttpExpect, ProbeKind, TlsExpect};

use crate::https::{secure_until_2020, secure_with};
use crate::server::{Server, answer};
use crate::world::{blamed, excused, http, outcome};

/// Asks for `host`, trusting what is in a folder's `cert.pem`.
fn trusting(folder: &tempfile::TempDir, server: &Server, host: &str) -> ProbeKind {
    let authority = Some(folder.path().join("cert.pem").display().to_string());
    let tls = TlsExpect { authority, ..TlsExpect::default() };
    http(&format!("https://{host}:{}/", server.port), HttpExpect { tls, ..HttpExpect::default() })
}

#[tokio::test]
async fn a_private_authority_vouches_for_its_own_names_and_no_others() {
    let name = "a_private_authority_vouches_for_its_own_names_and_no_others";
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(server) = secure_with(&folder, name, answer("200 OK", "", "")).await else { return };
    let Some(_) = secure_with(&other, name, answer("200 OK", "", "")).await else { return };
    assert_eq!(outcome(trusting(&folder, &server, "localhost")).await.holds(), Some(true));
    let what = blamed(outcome(trusting(&folder, &server, "127.0.0.1")).await);
    assert!(what.contains("TLS handshake failed") && what.contains("not valid for name"), "{what}");
    let what = blamed(outcome(trusting(&other, &server, "localhost")).await);
    assert!(what.contains("TLS handshake failed: invalid peer certificate"), "{what}");
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_told_as_such() {
    let (folder, name) = (tempfile::tempdir().unwrap(), "a_certificate_that_has_ended_is_told_as_such");
    let Some(server) = secure_until_2020(&folder, name, answer("200 OK", "", "")).await else { return };
    let what = blamed(outcome(trusting(&folder, &server, "localhost")).await);
    assert!(what.contains("certificate expired"), "{what}");
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_blames_nobody() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::answering("").await);
    let why = excused(outcome(trusting(&folder, &server, "localhost")).await);
    assert!(why.contains("cert.pem` cannot be read: entity not found"), "{why}");
    tokio::fs::write(folder.path().join("cert.pem"), "no certificate").await.unwrap();
    let why = excused(outcome(trusting(&folder, &server, "localhost")).await);
    assert!(why.contains("there is no certificate in it"), "{why}");
}
