//! Emptying a real Redis: what is named goes, and nothing else.

use std::sync::Arc;

use backout_adapters::cache::RedisCache;
use backout_adapters::secret::Secrets;
use backout_core::config::Flush;
use backout_core::port::Cache;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::Server;
use super::world::{part, text};

/// Says lines to the server, and answers with all that came back.
async fn say(url: &str, lines: &[String]) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("redis://")).await.unwrap();
    let mut all = lines.join("\r\n");
    all.push_str("\r\nQUIT\r\n");
    stream.write_all(all.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(!reply.contains("\r\n-") && !reply.starts_with('-'), "{reply}");
    reply
}

fn cache(url: &str) -> RedisCache {
    RedisCache::new("sessions", text(url), Arc::new(Secrets::new(Default::default(), "/")))
}

#[tokio::test]
async fn only_keys_that_match_go_and_then_only_the_database_that_is_named() {
    let Some(url) = part("only_keys_that_match_go_and_then_only_the_database_that_is_named", "redis") else { return };
    let fill = |number: u32| {
        let keys = (0..2_500).map(|n| format!("SET session:{n} x"));
        let all = [format!("SELECT {number}"), "FLUSHDB".to_owned(), "SET kept x".to_owned()].into_iter().chain(keys);
        all.collect::<Vec<_>>()
    };
    for number in [13, 14] {
        say(&url, &fill(number)).await;
    }
    let size = async |number: u32| {
        let reply = say(&url, &[format!("SELECT {number}"), "DBSIZE".to_owned()]).await;
        reply.split("\r\n").nth(1).unwrap().to_owned()
    };
    let of_13 = cache(&format!("{url}/13"));
    assert_eq!(of_13.flush(&Flush::Nothing).await.unwrap(), "nothing of it is to be removed");
    let seen = of_13.flush(&Flush::Pattern("session:*".to_owned())).await.unwrap();
    assert_eq!(seen, "removed 2500 keys that match `session:*`");
    assert_eq!((size(13).await, size(14).await), (":1".to_owned(), ":2501".to_owned()));
    of_13.flush(&Flush::Database).await.unwrap();
    assert_eq!((size(13).await, size(14).await), (":0".to_owned(), ":2501".to_owned()));
    cache(&format!("{url}/14")).flush(&Flush::Database).await.unwrap();
}

#[tokio::test]
async fn server_that_refuses_or_is_none_is_an_error_that_names_the_cache() {
    for (answer, what) in [
        ("-NOAUTH Authentication required.\r\n", "cache `sessions`: Redis says: NOAUTH Authentication required."),
        ("220 mail.example ESMTP\r\n", "cache `sessions`: what answers is not Redis"),
    ] {
        let server = Server::answering(answer).await;
        let url = format!("redis://127.0.0.1:{}", server.port);
        assert_eq!(cache(&url).flush(&Flush::Database).await.unwrap_err().what, what);
    }
    let wrong = cache("http://u:hunter2@localhost").flush(&Flush::Database).await.unwrap_err();
    assert!(!wrong.what.contains("hunter2"), "{wrong}");
}
