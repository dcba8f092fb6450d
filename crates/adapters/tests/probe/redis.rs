//! Redis of the test-bed, and a socket that says what a loading one would.

use backout_core::config::ProbeKind;
use backout_core::port::ProbeOutcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::Server;
use super::world::{blamed, excused, hurried, outcome, part, read, text};

fn asking(url: &str) -> ProbeKind {
    ProbeKind::Redis { url: text(url) }
}

/// Does something to the server, besides the probe.
async fn execute(url: &str, line: &str) {
    let mut stream = TcpStream::connect(url.trim_start_matches("redis://")).await.unwrap();
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    let mut reply = [0; 64];
    let length = stream.read(&mut reply).await.unwrap();
    assert!(!reply[..length].starts_with(b"-"), "{}", String::from_utf8_lossy(&reply));
}

#[tokio::test]
async fn a_server_that_answers_pong_holds() {
    let Some(url) = part("a_server_that_answers_pong_holds", "redis") else { return };
    assert_eq!(outcome(asking(&url)).await, ProbeOutcome::AsExpected { what: "PONG".to_owned() });
    // The server has no password, and says so.
    let why = excused(outcome(asking(&url.replace("redis://", "redis://:hunter2@"))).await);
    assert!(!why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn credentials_are_used_and_wrong_ones_blame_nobody() {
    let Some(url) = part("credentials_are_used_and_wrong_ones_blame_nobody", "redis") else { return };
    let user = format!("probe-{}", std::process::id());
    let as_user = |password: &str| asking(&url.replace("redis://", &format!("redis://{user}:{password}@")));
    execute(&url, &format!("ACL SETUSER {user} on >p@ss/hunter2 +ping")).await;
    let right = outcome(as_user("p%40ss%2Fhunter2")).await;
    let wrong = outcome(as_user("hunter3")).await;
    execute(&url, &format!("ACL SETUSER {user} -ping")).await;
    let without_right = outcome(as_user("p%40ss%2Fhunter2")).await;
    execute(&url, &format!("ACL DELUSER {user}")).await;
    assert_eq!(right.holds(), Some(true), "{right:?}");
    assert!(excused(wrong).starts_with("WRONGPASS"));
    assert!(excused(without_right).starts_with("NOPERM"));
}

#[tokio::test]
async fn a_server_that_is_loading_or_speaks_something_else_is_not_as_expected() {
    for (answer, what) in [
        ("-LOADING Redis is loading the dataset in memory\r\n", "LOADING Redis is loading the dataset in memory"),
        ("220 mail.example ESMTP\r\n", "what answers is not Redis"),
    ] {
        let server = Server::answering(answer).await;
        assert_eq!(blamed(outcome(asking(&format!("redis://127.0.0.1:{}", server.port))).await), what);
    }
}

#[tokio::test]
async fn a_server_that_closes_or_says_nothing_is_told_apart() {
    let closing = Server::answering("").await;
    let what = blamed(outcome(asking(&format!("redis://127.0.0.1:{}", closing.port))).await);
    assert!(what.ends_with("closed the connection without an answer"), "{what}");
    let silent = Server::start(|stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let url = format!("redis://127.0.0.1:{}", silent.port);
    assert!(matches!(read(&hurried(asking(&url))).await.outcome, ProbeOutcome::TimedOut { .. }));
}

#[tokio::test]
async fn an_address_that_is_not_redis_is_not_quoted() {
    let why = excused(outcome(asking("http://u:hunter2@localhost")).await);
    assert_eq!(why, "its address does not start with redis:// or rediss://, or is not valid");
}
