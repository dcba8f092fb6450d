//! HTTP/1.1 gone wrong.

use std::time::Duration;

use backout_core::config::HttpExpect;
use backout_core::port::{ProbeOutcome, Reading};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::memory::resident_mib;
use crate::server::{Server, answer, request};
use crate::world::{blamed, http, hurried, outcome, probe, read};

const PAUSE: Duration = Duration::from_millis(50);

/// The reading of a hurried probe, which comes by its deadline whatever the server does.
async fn by_the_deadline(server: &Server) -> Reading {
    let probe = hurried(http(&server.url(), HttpExpect::default()));
    // Twice for what prepares the probe; the rest is the machine's.
    tokio::time::timeout(probe.timeout * 2 + Duration::from_secs(5), read(&probe)).await.unwrap()
}

async fn said(server: &Server) -> String {
    blamed(outcome(http(&server.url(), HttpExpect::default())).await)
}

/// Sends the same bytes again and again, until nobody listens.
async fn pour(mut stream: TcpStream, head: &str, bytes: &[u8], pause: Option<Duration>) {
    request(&mut stream).await;
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        sent = stream.write_all(bytes).await;
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_times_out() {
    let server = Server::start(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let timed_out = ProbeOutcome::TimedOut { after: Duration::from_millis(300) };
    assert_eq!(by_the_deadline(&server).await.outcome, timed_out);
}

#[tokio::test]
async fn a_server_that_never_closes_is_not_waited_for_once_its_answer_is_complete() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(answer("200 OK", "", "ok").as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    assert_eq!(by_the_deadline(&server).await.outcome.holds(), Some(true));
}

#[tokio::test]
async fn a_byte_at_a_time_is_no_answer_in_time() {
    let heads = ["HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", "HTTP/1.1 200 OK\r\nx-slow: "];
    for head in heads {
        let server = Server::start(move |stream| pour(stream, head, b"a", Some(PAUSE))).await;
        let reading = by_the_deadline(&server).await;
        assert!(matches!(reading.outcome, ProbeOutcome::TimedOut { .. }), "{reading:?}");
    }
}

#[tokio::test]
async fn a_gigabyte_is_cut_and_takes_no_memory() {
    let server = Server::of_a_gigabyte(b'a').await;
    outcome(http(&server.url(), HttpExpect::default())).await;
    let before = resident_mib();
    for _ in 0..8 {
        let expect = HttpExpect { body: Some("^b".to_owned()), ..HttpExpect::default() };
        let what = blamed(outcome(http(&server.url(), expect)).await);
        assert_eq!(what, "200 OK, the first 1048576 bytes of the body does not match `^b`");
    }
    let grown = resident_mib() - before;
    assert!(grown < 32.0, "{grown} MiB for eight answers of a gigabyte");
}

#[tokio::test]
async fn a_redirect_to_itself_is_asked_once() {
    let server = Server::answering(answer("302 Found", "location: /health\r\n", "")).await;
    assert_eq!(said(&server).await, "302 Found, expected 2xx");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn bytes_that_are_no_http_are_not_as_expected() {
    let noise: Vec<u8> = (0..4096_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    for bytes in [noise, b"\0\0\0\0".to_vec(), b"HTTP/9.9 999\r\n\r\n".to_vec(), b"HTTP/1.1 -1 No\r\n\r\n".to_vec()] {
        let server = Server::answering(bytes).await;
        let what = said(&server).await;
        assert!(what.contains("does not speak HTTP"), "{what}");
    }
}

#[tokio::test]
async fn headers_without_end_are_not_read_without_end() {
    let before = resident_mib();
    for header in ["x-bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", "a"] {
        let server = Server::start(move |stream| async move {
            pour(stream, "HTTP/1.1 200 OK\r\nx-first: ", header.repeat(1000).as_bytes(), None).await;
        })
        .await;
        let what = said(&server).await;
        assert!(what.contains("does not speak HTTP"), "{what}");
    }
    let grown = resident_mib() - before;
    assert!(grown < 32.0, "{grown} MiB for headers");
}

#[tokio::test]
async fn chunks_that_are_none_are_not_as_expected() {
    for chunk in ["zz\r\nok\r\n", "-1\r\nok\r\n", "ffffffffffffffffff\r\nok\r\n", "2\r\nokay\r\n", "2;\0\r\nok"] {
        let bytes = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        let what = said(&Server::answering(bytes).await).await;
        let is_clear = what.contains("no HTTP") || what.contains("before its answer was complete");
        assert!(is_clear || what.contains("does not speak HTTP") || what.contains("end of file"), "{chunk:?}: {what}");
    }
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_not_as_expected() {
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok";
    assert!(said(&Server::answering(bytes).await).await.contains("does not speak HTTP"));
}

#[tokio::test]
async fn a_reset_in_the_midst_of_a_body_is_told_as_one() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
        tokio::time::sleep(PAUSE).await;
        // Without waiting for what was sent: the kernel resets the connection.
        stream.set_zero_linger().unwrap();
    })
    .await;
    let reset = outcome(http(&server.url(), HttpExpect::default())).await;
    assert!(matches!(&reset, ProbeOutcome::Refused { what } if what.contains("reset")), "{reset:?}");
}

#[tokio::test]
async fn a_body_that_is_closed_too_soon_is_not_as_expected() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    let what = said(&server).await;
    assert!(what.contains("before its answer was complete") || what.contains("unexpected end of file"), "{what}");
}

#[tokio::test]
async fn a_name_without_an_answer_blames_nobody() {
    let probe = probe(http("http://nobody-has-this-name.invalid/health", HttpExpect::default()));
    let reading = tokio::time::timeout(Duration::from_secs(12), read(&probe)).await.unwrap();
    assert_eq!(reading.outcome.holds(), None, "{reading:?}");
}
