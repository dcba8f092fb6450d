//! HTTP over sockets that answer, and that do not.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_adapters::probe::ProbeClient;
use backout_core::config::{HttpExpect, HttpMethod, HttpProbe, ProbeKind};
use backout_core::port::{ProbeOutcome, Prober};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::server::{Server, answer, request};
use super::world::{blamed, env, excused, http, hurried, outcome, probe, read, service, wiring};

fn plain(server: &Server) -> ProbeKind {
    http(&server.url(), HttpExpect::default())
}

#[tokio::test]
async fn an_answer_as_expected_holds_and_has_a_latency() {
    let server = Server::answering(answer("200 OK", "", "hello")).await;
    let reading = read(&probe(plain(&server))).await;
    assert_eq!(reading.outcome, ProbeOutcome::AsExpected { what: "200 OK".to_owned() });
    let latency = reading.latency.unwrap();
    assert!(latency > Duration::ZERO && latency < Duration::from_secs(5), "{latency:?}");
}

#[tokio::test]
async fn an_error_status_and_a_redirect_are_not_as_expected_and_the_redirect_is_not_followed() {
    let failing = Server::answering(answer("503 Service Unavailable", "", "")).await;
    assert_eq!(blamed(outcome(plain(&failing)).await), "503 Service Unavailable, expected 2xx");
    let target = Server::answering(answer("200 OK", "", "")).await;
    let location = format!("location: {}\r\n", target.url());
    let redirecting = Server::answering(answer("302 Found", &location, "")).await;
    assert_eq!(blamed(outcome(plain(&redirecting)).await), "302 Found, expected 2xx");
    assert_eq!(target.accepted(), 0);
}

#[tokio::test]
async fn json_that_differs_is_named() {
    let server = Server::answering(answer("200 OK", "", r#"{"status":"failing","version":"2"}"#)).await;
    let expecting = |json| http(&server.url(), HttpExpect { json: Some(json), ..HttpExpect::default() });
    let what = blamed(outcome(expecting(json!({"status": "healthy"}))).await);
    assert_eq!(what, r#"200 OK, `status` is "failing", expected "healthy""#);
    assert_eq!(outcome(expecting(json!({"version": "2"}))).await.holds(), Some(true));
}

#[tokio::test]
async fn a_chunked_body_is_put_together() {
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n";
    let server = Server::answering(chunks).await;
    let expect = HttpExpect { body: Some("^ready$".to_owned()), ..HttpExpect::default() };
    assert_eq!(outcome(http(&server.url(), expect)).await.holds(), Some(true));
}

#[tokio::test]
async fn a_body_that_stops_half_way_times_out() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let reading = read(&hurried(plain(&server))).await;
    assert_eq!(reading.outcome, ProbeOutcome::TimedOut { after: Duration::from_millis(300) });
    assert_eq!(reading.latency, None);
}

#[tokio::test]
async fn latency_reaches_to_the_last_byte_of_the_body() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.write_all(b"half").await.unwrap();
    })
    .await;
    let expect = HttpExpect { latency_below: Some(Duration::from_millis(150)), ..HttpExpect::default() };
    let reading = read(&probe(http(&server.url(), expect))).await;
    assert!(reading.latency.unwrap() >= Duration::from_millis(200));
    assert!(blamed(reading.outcome).contains("expected less than 150 ms"));
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let refused = outcome(http(&format!("http://127.0.0.1:{port}/"), HttpExpect::default())).await;
    let what = format!("127.0.0.1:{port}: connection refused");
    assert_eq!(refused, ProbeOutcome::Refused { what });
}

#[tokio::test]
async fn a_reset_is_refused_and_a_connection_closed_without_an_answer_is_not_as_expected() {
    let resetting = Server::start(|stream| async move {
        stream.readable().await.unwrap();
        // What was sent has not been read: closing resets.
        drop(stream);
    })
    .await;
    let reset = outcome(plain(&resetting)).await;
    assert!(matches!(reset, ProbeOutcome::Refused { .. }), "{reset:?}");
    let closing = Server::answering("").await;
    assert!(blamed(outcome(plain(&closing)).await).ends_with("closed the connection before its answer was complete"));
}

#[tokio::test]
async fn what_is_not_http_is_not_as_expected() {
    let server = Server::answering("220 mail.example ESMTP\r\n").await;
    assert!(blamed(outcome(plain(&server)).await).contains("does not speak HTTP"));
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_one_mebibyte() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b' '; 64 * 1024]).await.is_ok() {}
    })
    .await;
    assert_eq!(outcome(plain(&server)).await.holds(), Some(true));
    let expect = HttpExpect { json: Some(json!({})), ..HttpExpect::default() };
    let what = blamed(outcome(http(&server.url(), expect)).await);
    assert_eq!(what, "200 OK, the body is longer than 1048576 bytes");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_blames_nobody() {
    let why = excused(outcome(http("http://this-name-does-not-resolve.invalid/", HttpExpect::default())).await);
    assert!(why.contains("this-name-does-not-resolve.invalid") || why.contains("not resolved within"), "{why}");
}

#[tokio::test]
async fn every_probe_has_a_connection_of_its_own_and_leaves_none_behind() {
    let (ended, mut connections) = mpsc::channel(3);
    let server = Server::start(move |mut stream| {
        let ended = ended.clone();
        async move {
            request(&mut stream).await;
            stream.write_all(answer("200 OK", "", "").as_bytes()).await.unwrap();
            ended.send(stream.read(&mut [0; 1]).await.unwrap_or(0)).await.unwrap();
        }
    })
    .await;
    let client = ProbeClient::new(wiring());
    for count in 1..=3 {
        client.probe(&service(), &probe(plain(&server))).await;
        assert_eq!(connections.recv().await, Some(0), "the connection has been closed");
        assert_eq!(server.accepted(), count);
    }
}

#[tokio::test]
async fn a_dropped_probe_closes_its_connection() {
    let (ended, mut connections) = mpsc::channel(1);
    let server = Server::start(move |mut stream| {
        let ended = ended.clone();
        async move {
            request(&mut stream).await;
            ended.send(stream.read(&mut [0; 1]).await.unwrap_or(0)).await.unwrap();
        }
    })
    .await;
    let probe = probe(plain(&server));
    assert!(tokio::time::timeout(Duration::from_millis(200), read(&probe)).await.is_err());
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), connections.recv()).await.unwrap(), Some(0));
}

fn with_token(url: String, name: &str) -> ProbeKind {
    let headers = BTreeMap::from([("authorization".to_owned(), env(name))]);
    let header = BTreeMap::from([("x-echo".to_owned(), "something else".to_owned())]);
    let expect = HttpExpect { header, ..HttpExpect::default() };
    ProbeKind::Http(Box::new(HttpProbe { url, method: HttpMethod::Post, headers, expect, ..HttpProbe::default() }))
}

#[tokio::test]
async fn a_secret_header_is_sent_and_not_shown_even_if_the_server_echoes_it() {
    let (sent, mut requests) = mpsc::channel(1);
    let server = Server::start(move |mut stream| {
        let sent = sent.clone();
        async move {
            sent.send(request(&mut stream).await).await.unwrap();
            let echo = answer("200 OK", "x-echo: Bearer t0ken-hunter2\r\n", "");
            let _ = stream.write_all(echo.as_bytes()).await;
        }
    })
    .await;
    let reading = read(&probe(with_token(server.url(), "TOKEN"))).await;
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("POST /health HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer t0ken-hunter2\r\n"), "{request}");
    assert!(!format!("{reading:?}").contains("hunter2"), "{reading:?}");
    assert_eq!(blamed(reading.outcome), "200 OK, header `x-echo` is \"[redacted]\", expected \"something else\"");
}

#[tokio::test]
async fn what_is_sent_arrives_whole_and_is_not_shown() {
    let (sent, mut requests) = mpsc::channel(1);
    let server = Server::start(move |mut stream| {
        let sent = sent.clone();
        async move {
            sent.send(request(&mut stream).await).await.unwrap();
            let _ = stream.write_all(answer("201 Created", "x-echo: Bearer t0ken-hunter2\r\n", "").as_bytes()).await;
        }
    })
    .await;
    let (url, send) = (server.url(), Some(env("TOKEN")));
    let http = HttpProbe { url, method: HttpMethod::Post, send, ..HttpProbe::default() };
    let reading = read(&probe(ProbeKind::Http(Box::new(http)))).await;
    let request = requests.recv().await.unwrap();
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    assert!(request.ends_with("content-length: 20\r\n\r\nBearer t0ken-hunter2"), "{request}");
    assert_eq!(reading.outcome, ProbeOutcome::AsExpected { what: "201 Created".to_owned() });
}

#[tokio::test]
async fn a_missing_secret_blames_nobody_and_nothing_is_sent() {
    let server = Server::answering(answer("200 OK", "", "")).await;
    let why = excused(outcome(with_token(server.url(), "NO_SUCH_TOKEN")).await);
    assert_eq!(why, "the environment variable `NO_SUCH_TOKEN` is not set");
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn tcp_accepts_or_is_refused() {
    let server = Server::start(|_| async {}).await;
    let address = format!("127.0.0.1:{}", server.port);
    let accepted = outcome(ProbeKind::Tcp { address: address.clone() }).await;
    assert_eq!(accepted, ProbeOutcome::AsExpected { what: format!("{address} accepts connections") });
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    assert!(matches!(outcome(ProbeKind::Tcp { address: free }).await, ProbeOutcome::Refused { .. }));
    let unresolved = ProbeKind::Tcp { address: "this-name-does-not-resolve.invalid:80".to_owned() };
    excused(outcome(unresolved).await);
}
