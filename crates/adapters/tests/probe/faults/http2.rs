//! HTTP/2: as it should be, and gone wrong.

use std::sync::Arc;
use std::time::Duration;

use backout_core::config::{Connection, HttpExpect, HttpProbe, Probe, ProbeKind, Protocol, TlsExpect};
use backout_core::port::ProbeOutcome;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::memory::resident_mib;
use crate::https::{identity, secure_with};
use crate::server::{Server, answer, request};
use crate::world::{blamed, hurried, probe, read};

type Respond = h2::server::SendResponse<&'static [u8]>;

fn over_http2(url: &str) -> ProbeKind {
    let expect = HttpExpect { body: Some("^ok$".to_owned()), ..HttpExpect::default() };
    let protocol = Protocol::Http2;
    ProbeKind::Http(Box::new(HttpProbe { url: url.to_owned(), protocol, expect, ..HttpProbe::default() }))
}

/// Speaks HTTP/2 without TLS, and answers as `answer` does.
async fn serving(answer: impl Fn(Request<RecvStream>, Respond) + Send + Sync + 'static) -> Server {
    let answer = Arc::new(answer);
    Server::start(move |stream| {
        let answer = Arc::clone(&answer);
        async move {
            let Ok(mut connection) = h2::server::Builder::new().handshake(stream).await else { return };
            while let Some(Ok((request, respond))) = connection.accept().await {
                answer(request, respond);
            }
        }
    })
    .await
}

fn ok(mut respond: Respond) {
    let _ = respond.send_response(Response::new(()), false).and_then(|mut body| body.send_data(b"ok", true));
}

async fn outcome(server: &Server) -> ProbeOutcome {
    read(&probe(over_http2(&server.url()))).await.outcome
}

#[tokio::test]
async fn http2_is_spoken_with_and_without_tls() {
    let server = serving(|request, respond| {
        assert_eq!(request.uri().path(), "/health");
        assert!(request.uri().authority().is_some() && request.headers().get("host").is_none());
        ok(respond);
    })
    .await;
    assert_eq!(outcome(&server).await, ProbeOutcome::AsExpected { what: "200 OK".to_owned() });

    let (folder, name) = (tempfile::tempdir().unwrap(), "http2_is_spoken_with_and_without_tls");
    // It answers in HTTP/1.1, and is here for its certificate.
    let Some(plain) = secure_with(&folder, name, answer("200 OK", "", "ok")).await else { return };
    let mut config = identity(&folder);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let Ok(mut connection) = h2::server::Builder::new().handshake(stream).await else { return };
            while let Some(Ok((_, respond))) = connection.accept().await {
                ok(respond);
            }
        }
    })
    .await;
    let trusting = |port: u16| {
        let ProbeKind::Http(mut http) = over_http2(&format!("https://localhost:{port}/health")) else { unreachable!() };
        let authority = Some(folder.path().join("cert.pem").display().to_string());
        http.expect.tls = TlsExpect { authority, ..TlsExpect::default() };
        probe(ProbeKind::Http(http))
    };
    assert_eq!(read(&trusting(server.port)).await.outcome.holds(), Some(true));
    let what = blamed(read(&trusting(plain.port)).await.outcome);
    assert!(what.contains("does not offer HTTP/2"), "{what}");
}

#[tokio::test]
async fn a_request_and_a_connection_that_the_server_ends_are_told_with_its_reason() {
    let server = serving(|_, mut respond| respond.send_reset(Reason::ENHANCE_YOUR_CALM)).await;
    let what = blamed(outcome(&server).await);
    assert!(what.contains("ended the request"), "{what}");

    let server = Server::start(|stream| async move {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        let Some(Ok(_request)) = connection.accept().await else { return };
        connection.abrupt_shutdown(Reason::INTERNAL_ERROR);
        while connection.accept().await.is_some() {}
    })
    .await;
    // The reason, or a broken pipe, where ours was still writing when the other end had gone.
    let outcome = outcome(&server).await;
    assert_eq!(outcome.holds(), Some(false), "{outcome:?}");
}

#[tokio::test]
async fn what_does_not_speak_http2_is_not_as_expected() {
    for bytes in [answer("200 OK", "", "ok"), "SSH-2.0-OpenSSH\r\n".repeat(10)] {
        let what = blamed(outcome(&Server::answering(bytes).await).await);
        assert!(what.contains("does not speak HTTP/2") || what.contains("ended the connection"), "{what}");
    }
}

#[tokio::test]
async fn silence_after_the_greeting_times_out() {
    let server = serving(|_, respond| std::mem::forget(respond)).await;
    let reading = read(&hurried(over_http2(&server.url()))).await;
    assert!(matches!(reading.outcome, ProbeOutcome::TimedOut { .. }), "{reading:?}");
}

#[tokio::test]
async fn frames_without_end_take_no_memory() {
    let before = resident_mib();
    // A stream of `PING`s and of empty `DATA` frames for a request that is never answered.
    for frame in [&b"\0\0\x08\x06\0\0\0\0\0abcdefgh"[..], &b"\0\0\0\0\0\0\0\0\x01"[..]] {
        let server = Server::start(move |stream: TcpStream| flood(stream, frame)).await;
        let reading = read(&hurried(over_http2(&server.url()))).await;
        assert_eq!(reading.outcome.holds(), Some(false), "{reading:?}");
    }
    let grown = resident_mib() - before;
    assert!(grown < 48.0, "{grown} MiB for frames");
}

async fn flood(mut stream: TcpStream, frame: &[u8]) {
    request(&mut stream).await;
    // Empty settings, as a greeting.
    let mut sent = stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await;
    let many = frame.repeat(1000);
    while sent.is_ok() {
        sent = stream.write_all(&many).await;
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_not_as_expected() {
    let server = serving(|_, mut respond| {
        let mut response = Response::new(());
        for number in 0..2000 {
            let name = http::header::HeaderName::try_from(format!("x-bomb-{number}")).unwrap();
            response.headers_mut().insert(name, "a".repeat(100).parse().unwrap());
        }
        let _ = respond.send_response(response, true);
    })
    .await;
    let outcome = outcome(&server).await;
    assert_eq!(outcome.holds(), Some(false), "{outcome:?}");
}

#[tokio::test]
async fn requests_of_one_target_share_a_connection_where_it_says_so() {
    let server = serving(|_, respond| ok(respond)).await;
    let ProbeKind::Http(mut http) = over_http2(&server.url()) else { unreachable!() };
    http.connection = Connection::Reuse;
    let kept: Probe = probe(ProbeKind::Http(http));
    let client = backout_adapters::probe::ProbeClient::new(crate::world::wiring());
    for _ in 0..3 {
        let reading = backout_core::port::Prober::probe(&client, &crate::world::service(), &kept).await;
        assert_eq!(reading.outcome.holds(), Some(true), "{reading:?}");
    }
    assert_eq!(server.accepted(), 1);
}
