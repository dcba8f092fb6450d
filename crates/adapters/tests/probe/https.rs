//! HTTPS and Redis over TLS, with a certificate that nobody vouches for.

use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::{Command, CommandError};
use backout_adapters::probe::install_crypto;
use backout_core::config::{HttpExpect, ProbeKind, TlsExpect};
use backout_testkit::skip::skip;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::server::{Server, answer};
use super::world::{blamed, environment, http, outcome, text};

const DAY: Duration = Duration::from_secs(86_400);

/// A server whose certificate ends in 30 days.
async fn secure(test: &str, answer: String) -> Option<Server> {
    secure_with(&tempfile::tempdir().unwrap(), test, answer).await
}

/// The same, whose certificate stays in `cert.pem` of a folder.
pub(crate) async fn secure_with(folder: &TempDir, test: &str, answer: String) -> Option<Server> {
    let line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
                -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out cert.pem";
    openssl(folder, test, line).await?;
    Some(serving(folder, answer).await)
}

/// The same, whose certificate has ended long ago.
pub(crate) async fn secure_until_2020(folder: &TempDir, test: &str, answer: String) -> Option<Server> {
    let authority = "
[ca]\ndefault_ca = here
[here]\ndatabase = index.txt\nrand_serial = yes\nnew_certs_dir = .\ndefault_md = sha256\npolicy = any\nx509_extensions = server
[any]\ncommonName = supplied
[server]\nbasicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost
";
    tokio::fs::write(folder.path().join("ca.cnf"), authority).await.unwrap();
    tokio::fs::write(folder.path().join("index.txt"), "").await.unwrap();
    let request = "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout key.pem \
                   -out request.pem";
    let sign = "ca -config ca.cnf -selfsign -batch -notext -keyfile key.pem -in request.pem -out cert.pem \
                -startdate 20190101000000Z -enddate 20200101000000Z";
    for line in [request, sign] {
        openssl(folder, test, line).await?;
    }
    Some(serving(folder, answer).await)
}

async fn openssl(folder: &TempDir, test: &str, line: &str) -> Option<()> {
    let openssl = Command::new("openssl", &environment()).args(line.split_whitespace()).folder(folder.path());
    match openssl.run().await {
        Err(CommandError::NotFound { .. }) => {
            skip(test, "no `openssl` to make a certificate with");
            None
        }
        made => {
            made.unwrap();
            Some(())
        }
    }
}

/// What a server is known by: `cert.pem` and `key.pem` of a folder.
pub(crate) fn identity(folder: &TempDir) -> ServerConfig {
    install_crypto();
    let certificate = CertificateDer::from_pem_file(folder.path().join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
    ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()
}

async fn serving(folder: &TempDir, answer: String) -> Server {
    let acceptor = TlsAcceptor::from(Arc::new(identity(folder)));
    Server::start(move |stream| {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn expecting(server: &Server, tls: TlsExpect) -> ProbeKind {
    http(&format!("https://localhost:{}/", server.port), HttpExpect { tls, ..HttpExpect::default() })
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_as_expected_unless_it_is_not_verified() {
    let Some(server) = secure(
        "a_certificate_that_nobody_vouches_for_is_not_as_expected_unless_it_is_not_verified",
        answer("200 OK", "", ""),
    )
    .await
    else {
        return;
    };
    let what = blamed(outcome(expecting(&server, TlsExpect::default())).await);
    assert!(what.contains("TLS handshake failed: invalid peer certificate"), "{what}");
    let unverified = TlsExpect { verify: false, ..TlsExpect::default() };
    assert_eq!(outcome(expecting(&server, unverified)).await.holds(), Some(true));
}

#[tokio::test]
async fn a_certificate_must_last_as_long_as_is_asked() {
    let Some(server) = secure("a_certificate_must_last_as_long_as_is_asked", answer("200 OK", "", "")).await else {
        return;
    };
    let lasting =
        |days| expecting(&server, TlsExpect { verify: false, expires_in: Some(days * DAY), ..TlsExpect::default() });
    assert_eq!(outcome(lasting(29)).await.holds(), Some(true));
    let what = blamed(outcome(lasting(60)).await);
    assert_eq!(what, "200 OK, its certificate ends in 29 days, expected at least 60 days");
}

#[tokio::test]
async fn https_towards_a_plain_server_is_not_as_expected() {
    let plain = Server::answering(answer("400 Bad Request", "", "")).await;
    let what = blamed(outcome(expecting(&plain, TlsExpect::default())).await);
    assert!(what.contains("TLS handshake failed"), "{what}");
}

#[tokio::test]
async fn redis_over_tls_verifies_its_server() {
    let Some(server) = secure("redis_over_tls_verifies_its_server", "+PONG\r\n".to_owned()).await else { return };
    let url = text(&format!("rediss://localhost:{}", server.port));
    assert!(blamed(outcome(ProbeKind::Redis { url }).await).contains("TLS handshake failed"));
}
