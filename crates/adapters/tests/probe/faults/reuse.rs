//! Connections that are used again, and those that cannot be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backout_adapters::probe::ProbeClient;
use backout_core::config::{Connection, HttpExpect, HttpProbe, Probe, ProbeKind};
use backout_core::port::{ProbeOutcome, Prober};
use tokio::io::AsyncWriteExt;

use crate::server::{Server, answer, request};
use crate::world::{probe, service, wiring};

fn kept(server: &Server) -> Probe {
    let http = HttpProbe { url: server.url(), connection: Connection::Reuse, ..HttpProbe::default() };
    probe(ProbeKind::Http(Box::new(http)))
}

/// Probes so many times; says what came back the last time.
async fn probed(client: &ProbeClient, probe: &Probe, times: usize) -> ProbeOutcome {
    let mut last = None;
    for _ in 0..times {
        last = Some(client.probe(&service(), probe).await.outcome);
        // Time for the server to close what it wants to.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    last.unwrap()
}

/// Answers so many requests over each connection, and closes it.
async fn answering(times: usize, headers: &'static str) -> Server {
    Server::start(move |mut stream| async move {
        for _ in 0..times {
            if request(&mut stream).await.is_empty() {
                return;
            }
            stream.write_all(answer("200 OK", headers, "ok").as_bytes()).await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn requests_of_one_target_share_a_connection_where_it_says_so() {
    let (server, client) = (answering(99, "").await, ProbeClient::new(wiring()));
    assert_eq!(probed(&client, &kept(&server), 5).await.holds(), Some(true));
    assert_eq!(server.accepted(), 1);
    let fresh = probe(crate::world::http(&server.url(), HttpExpect::default()));
    assert_eq!(probed(&client, &fresh, 3).await.holds(), Some(true));
    assert_eq!(server.accepted(), 4);
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_says_nothing_of_the_application() {
    for (times, headers, connections) in [(1, "", 4), (2, "", 2), (99, "connection: close\r\n", 4)] {
        let (server, client) = (answering(times, headers).await, ProbeClient::new(wiring()));
        assert_eq!(probed(&client, &kept(&server), 4).await.holds(), Some(true));
        assert_eq!(server.accepted(), connections, "{times} {headers}");
    }
}

#[tokio::test]
async fn a_connection_whose_other_end_is_gone_without_a_word_is_replaced() {
    let first = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |mut stream| {
        let is_first = first.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            while !request(&mut stream).await.is_empty() {
                stream.write_all(answer("200 OK", "", "ok").as_bytes()).await.unwrap();
                if is_first {
                    std::future::pending::<()>().await;
                }
            }
        }
    })
    .await;
    let client = ProbeClient::new(wiring());
    let hurried = Probe { timeout: Duration::from_secs(2), ..kept(&server) };
    assert_eq!(probed(&client, &hurried, 3).await.holds(), Some(true));
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_failure_over_a_kept_connection_is_looked_at_over_a_new_one_and_then_counts() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        request(&mut stream).await;
        stream.write_all(b"garbage").await.unwrap();
    })
    .await;
    let client = ProbeClient::new(wiring());
    assert_eq!(probed(&client, &kept(&server), 2).await.holds(), Some(true));
    assert_eq!(server.accepted(), 2);
    drop(server);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ProbeKind::Http(mut http) = kept(&Server::answering("").await).kind else { unreachable!() };
    http.url = format!("http://{free}/");
    let gone = probe(ProbeKind::Http(http));
    assert!(matches!(probed(&client, &gone, 2).await, ProbeOutcome::Refused { .. }));
}
