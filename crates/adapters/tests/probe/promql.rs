//! Asking for signals: a real Prometheus, and servers that do what a real one would not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::probe::PromClient;
use backout_adapters::secret::Secrets;
use backout_core::config::{PromLogin, PromServer, PromSignal};
use backout_core::detect::QueryAnswer;
use backout_core::id::SignalName;
use backout_core::port::Querier;
use tokio::io::AsyncWriteExt;

use crate::https::secure_with;
use crate::server::{Server, answer, request};
use crate::world::{WallClock, env, environment, part, text};

const ONE: &str = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0.25"]}}"#;

pub(crate) fn signal(url: &str, promql: &str) -> PromSignal {
    PromSignal {
        name: SignalName::new("errors").unwrap(),
        promql: promql.to_owned(),
        samples: None,
        min_samples: 0,
        server: PromServer {
            url: url.to_owned(),
            headers: BTreeMap::new(),
            login: None,
            verify: true,
            authority: None,
        },
        every: Duration::from_secs(5),
        timeout: Duration::from_secs(5),
    }
}

async fn asked(signals: &[PromSignal]) -> Vec<QueryAnswer> {
    let secrets = Arc::new(Secrets::new(environment(), "/"));
    PromClient::new(secrets, PathBuf::from("/"), Arc::new(WallClock)).ask(signals).await
}

pub(crate) async fn ask(signal: PromSignal) -> QueryAnswer {
    asked(&[signal]).await.remove(0)
}

fn failed(answer: QueryAnswer) -> String {
    match answer {
        QueryAnswer::Failed { why } => why,
        other => panic!("{other:?}"),
    }
}

fn is_nothing(answer: &QueryAnswer) -> bool {
    matches!(answer, QueryAnswer::Nothing { .. })
}

fn is(value: f64) -> QueryAnswer {
    QueryAnswer::Number { value, samples: None }
}

#[tokio::test]
async fn a_real_prometheus_gives_numbers_nothing_and_errors() {
    let Some(url) = part("a_real_prometheus_gives_numbers_nothing_and_errors", "prometheus") else { return };
    let queries = ["vector(0.25)", "0.5", "vector(0) / vector(0)", "1 / 0", "no_such_series", "sum(", "\"text\""];
    let counted = |samples: &str| PromSignal {
        samples: Some(samples.to_owned()),
        min_samples: 30,
        ..signal(&url, "vector(0.25)")
    };
    let mut signals: Vec<PromSignal> = queries.iter().map(|query| signal(&url, query)).collect();
    signals.extend(["vector(30)", "vector(29)", "no_such_series"].map(counted));
    let answers = asked(&signals).await;
    assert_eq!(answers[..2], [is(0.25), is(0.5)]);
    assert!(answers[2..5].iter().all(is_nothing), "{answers:?}");
    assert!(failed(answers[5].clone()).contains("parse error"), "{answers:?}");
    assert!(failed(answers[6].clone()).contains("gives a string"), "{answers:?}");
    assert_eq!(answers[7], QueryAnswer::Number { value: 0.25, samples: Some(30.0) });
    assert!(answers[8..].iter().all(is_nothing), "{answers:?}");
}

#[tokio::test]
async fn signals_of_one_server_are_asked_for_over_one_connection() {
    let server = Server::start(|mut stream| async move {
        while request(&mut stream).await.starts_with("POST /api/v1/query HTTP/1.1") {
            let _ = stream.write_all(answer("200 OK", "", ONE).as_bytes()).await;
        }
    })
    .await;
    let signal = signal(&format!("http://127.0.0.1:{}", server.port), "a");
    assert_eq!(asked(&[signal.clone(), signal.clone(), signal]).await, [is(0.25), is(0.25), is(0.25)]);
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_is_asked_over_another_connection() {
    for headers in ["connection: close\r\n", ""] {
        let server = Server::answering(answer("200 OK", headers, ONE)).await;
        let signal = signal(&server.url(), "a");
        assert_eq!(asked(&[signal.clone(), signal]).await, [is(0.25), is(0.25)]);
        assert_eq!(server.accepted(), 2);
    }
}

#[tokio::test]
async fn what_is_no_answer_is_a_reason_and_no_number() {
    let page = answer("200 OK", "", "<html>");
    let redirect = answer("302 Found", "location: /health\r\n", "");
    let cases = [
        (page, "is not what Prometheus answers"),
        (redirect, "redirects to `/health`"),
        (answer("503 Service Unavailable", "", "later"), "status 503"),
        (answer("200 OK", "", "{\"status\":\"success\",\"data\":"), "is not what Prometheus answers"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_owned(), "before its answer was complete"),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "does not speak HTTP"),
    ];
    for (bytes, words) in cases {
        let server = Server::answering(bytes).await;
        let why = failed(ask(signal(&server.url(), "a")).await);
        assert!(why.contains(words), "{why}");
        assert_eq!(server.accepted(), 1, "{why}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_or_silent_is_asked_once_in_a_call() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = signal(&format!("http://{free}"), "a");
    let answers = asked(&[away.clone(), away]).await;
    assert!(answers.into_iter().all(|answer| failed(answer).contains("connection refused")));
    let server = Server::start(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let silent = PromSignal { timeout: Duration::from_millis(200), ..signal(&server.url(), "a") };
    let answers = asked(&[silent.clone(), silent.clone(), silent]).await;
    assert!(answers.into_iter().all(|answer| failed(answer) == "no answer within 200 ms"));
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_not_read_to_its_end() {
    let server = Server::of_a_gigabyte(b' ').await;
    assert!(failed(ask(signal(&server.url(), "a")).await).starts_with("the answer is longer than any number"));
}

#[tokio::test]
async fn credentials_are_sent_and_not_repeated() {
    let echo = Server::start(|mut stream| async move {
        let asked = request(&mut stream).await;
        let body = serde_json::json!({ "status": "error", "error": asked.to_lowercase() }).to_string();
        let _ = stream.write_all(answer("400 Bad Request", "", &body).as_bytes()).await;
    })
    .await;
    let mut with_header = signal(&echo.url(), "a");
    with_header.server.headers.insert("x-token".to_owned(), env("TOKEN"));
    let why = failed(ask(with_header).await);
    assert!(!why.contains("t0ken"), "{why}");
    let mut with_login = signal(&echo.url(), "a");
    with_login.server.login = Some(PromLogin { user: text("ada"), password: env("NO_SUCH_VARIABLE") });
    assert_eq!(failed(ask(with_login).await), "the environment variable `NO_SUCH_VARIABLE` is not set");
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a_private_authority_is_trusted_where_it_is_named";
    let Some(server) = secure_with(&folder, name, answer("200 OK", "", ONE)).await else { return };
    let mut signal = signal(&format!("https://localhost:{}", server.port), "a");
    assert!(failed(ask(signal.clone()).await).contains("TLS handshake failed: invalid peer certificate"));
    signal.server.authority = Some(folder.path().join("cert.pem").display().to_string());
    assert_eq!(ask(signal.clone()).await, is(0.25));
    signal.server = PromServer { verify: false, authority: None, ..signal.server };
    assert_eq!(ask(signal).await, is(0.25));
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_named() {
    let server = Server::answering("").await;
    let mut signal = signal(&format!("https://localhost:{}", server.port), "a");
    signal.server.authority = Some("no/such/ca.pem".to_owned());
    let why = failed(ask(signal).await);
    assert_eq!(why, "`no/such/ca.pem` cannot be read: entity not found");
}
