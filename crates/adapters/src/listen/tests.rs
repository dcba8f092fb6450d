//! Requests over real connections: who is let in, and who is not.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use backout_core::config::{Alert, Hook, HookProof, HookTakes, PromLogin, SecretOrText, Sensitive, WatchPolicy};
use backout_core::id::AlertName;
use backout_core::port::{Clock, Pending};
use jiff::Timestamp;
use ring::hmac;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::{Door, Doorway, Listener, Metrics, News};
use crate::secret::Secrets;

const START: i64 = 1_700_000_000;
const FIRING: &str = r#"{"alert": "queue", "status": "firing", "what": "10,000 wait"}"#;

/// A clock that is set by hand, and waits as the machine does, a thousand times as fast.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration / 100))
    }
}

struct House {
    address: SocketAddr,
    clock: Arc<SetClock>,
    news: mpsc::Receiver<News>,
    door: Arc<Door>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for House {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn secret(text: &str) -> SecretOrText {
    SecretOrText::Text(Sensitive::new(text.to_owned()))
}

fn policy() -> WatchPolicy {
    let signature = || HookProof::Signature {
        secret: secret("key"),
        signature_header: "x-backout-signature".to_owned(),
        timestamp_header: "x-backout-timestamp".to_owned(),
        window: Duration::from_secs(300),
    };
    let login = PromLogin { user: secret("am"), password: secret("pw") };
    let hooks = [
        ("alertmanager", HookTakes::Alertmanager, HookProof::Token(secret("token"))),
        ("by-login", HookTakes::Alertmanager, HookProof::Login(login)),
        ("queue", HookTakes::Alert, signature()),
        ("deploy", HookTakes::Deploy, signature()),
    ];
    let name = AlertName::new("queue").unwrap();
    let labels = BTreeMap::from([("alertname".to_owned(), "queue".to_owned())]);
    WatchPolicy {
        hooks: hooks.into_iter().map(|(name, takes, proof)| (name.to_owned(), Hook { takes, proof })).collect(),
        alerts: BTreeMap::from([(name.clone(), Alert { name, labels, service: None })]),
        ..WatchPolicy::default()
    }
}

impl House {
    async fn open() -> Self {
        let clock = Arc::new(SetClock(AtomicI64::new(START)));
        let (sender, news) = mpsc::channel(2);
        let metrics = Box::new(|| Box::pin(ready(Some("more 1\n".to_owned()))) as Metrics);
        let way = Doorway { news: sender, metrics, clock: Arc::clone(&clock) as _ };
        let secrets = Secrets::new(crate::command::Environment::default(), "/");
        let door = Arc::new(Door::new(&policy(), &secrets, way).await.unwrap());
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.address();
        let serving = tokio::spawn(listener.serve(Arc::clone(&door)));
        Self { address, clock, news, door, serving }
    }

    /// The status and the body of the answer.
    async fn ask(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // Who is refused early may find that nobody reads on.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
    }

    async fn post(&self, path: &str, headers: &str, body: &str) -> u16 {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}");
        self.ask(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).await.0
    }

    async fn count(&self, line: &str) -> bool {
        self.ask(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await.1.contains(line)
    }
}

fn signed(key: &str, at: i64, body: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), format!("{at}.{body}").as_bytes());
    let digits = tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("x-backout-timestamp: {at}\r\nx-backout-signature: v1={digits}\r\n")
}

#[tokio::test]
async fn signed_request_is_taken_once_and_never_again() {
    let mut house = House::open().await;
    let headers = signed("key", START, FIRING);
    assert_eq!(house.post("/hooks/queue", &headers, FIRING).await, 202);
    let Ok(News::Alerts(heard)) = house.news.try_recv() else { panic!("nothing was told") };
    assert_eq!((heard[0].alert.as_str(), heard[0].is_firing, heard[0].hook.as_str()), ("queue", true, "queue"));
    assert_eq!(house.post("/hooks/queue", &headers, FIRING).await, 409);
    house.clock.0.fetch_add(301, Ordering::Relaxed);
    assert_eq!(house.post("/hooks/queue", &headers, FIRING).await, 401, "it is not remembered any more, and too old");
    assert!(house.news.try_recv().is_err());
    assert!(house.count("backout_hooks_refused_total{reason=\"replayed\"} 1\n").await);
    assert!(house.count("backout_hooks_taken_total 1\n").await && house.count("more 1\n").await);
}

#[tokio::test]
async fn what_is_forged_stale_or_of_the_wrong_kind_is_refused_and_tells_nothing() {
    let mut house = House::open().await;
    let right = signed("key", START, FIRING);
    let json = "POST /hooks/queue HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    for (status, path, headers, body) in [
        (401, "/hooks/queue", signed("other", START, FIRING), FIRING),
        (401, "/hooks/queue", right.clone(), "{}"),
        (401, "/hooks/queue", String::new(), FIRING),
        (401, "/hooks/queue", right.replace(&START.to_string(), &(START + 1).to_string()), FIRING),
        (401, "/hooks/queue", signed("key", START - 301, FIRING), FIRING),
        (401, "/hooks/queue", signed("key", START + 301, FIRING), FIRING),
        (401, "/hooks/queue", signed("key", START - 1, FIRING), FIRING),
        (404, "/hooks/none", right.clone(), FIRING),
        (404, "/", right.clone(), FIRING),
        (405, "/healthz", right.clone(), FIRING),
        (400, "/hooks/queue", signed("key", START, "{}"), "{}"),
        (400, "/hooks/deploy", signed("key", START, FIRING), FIRING),
        (401, "/hooks/alertmanager", "authorization: Bearer nonsense\r\n".to_owned(), "{}"),
        (401, "/hooks/alertmanager", String::new(), "{}"),
        (400, "/hooks/alertmanager", "authorization: Bearer token\r\n".to_owned(), "{}"),
    ] {
        assert_eq!(house.post(path, &headers, body).await, status, "{path} {headers} {body}");
    }
    let plain = format!(
        "POST /hooks/queue HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n{right}content-length: 2\r\n\r\n{{}}"
    );
    assert_eq!(house.ask(plain.as_bytes()).await.0, 415);
    assert_eq!(house.ask(b"GET /hooks/queue HTTP/1.1\r\nhost: x\r\n\r\n").await.0, 405);
    let announced = format!("{json}{right}content-length: 1048577\r\n\r\n");
    assert_eq!(house.ask(announced.as_bytes()).await.0, 413);
    let chunk = "a".repeat(1 << 20);
    let chunked = format!("{json}{right}transfer-encoding: chunked\r\n\r\n100000\r\n{chunk}\r\n1\r\na\r\n0\r\n\r\n");
    assert_eq!(house.ask(chunked.as_bytes()).await.0, 413);
    assert_eq!(house.ask(format!("{json}{right}content-length: 10\r\n\r\n{{").as_bytes()).await.0, 408);
    assert!(house.news.try_recv().is_err(), "nothing was told");
    assert!(house.count("backout_hooks_taken_total 0\n").await);
    assert!(
        house.count("backout_hooks_refused_total{reason=\"forged\"} 6\n").await,
        "{}",
        house.door.counters().text()
    );
}

#[tokio::test]
async fn alertmanager_is_known_by_its_token_or_its_login() {
    let mut house = House::open().await;
    let alert = r#"{"status": "firing", "labels": {"alertname": "queue"}, "annotations": {"summary": "long"}}"#;
    let body = format!(r#"{{"version": "4", "alerts": [{alert}]}}"#);
    assert_eq!(house.post("/hooks/alertmanager", "authorization: Bearer token\r\n", &body).await, 202);
    // `am:pw`
    assert_eq!(house.post("/hooks/by-login", "authorization: Basic YW06cHc=\r\n", &body).await, 202);
    for _ in 0..2 {
        let Ok(News::Alerts(heard)) = house.news.try_recv() else { panic!("nothing was told") };
        assert_eq!(heard[0].what, "queue: long");
    }
}

#[tokio::test]
async fn who_finds_no_room_may_come_again_with_the_same_signature() {
    let mut house = House::open().await;
    let body = r#"{"version": "1.4.2", "author": "anna"}"#;
    for at in [START, START + 1] {
        assert_eq!(house.post("/hooks/deploy", &signed("key", at, body), body).await, 202);
    }
    let third = signed("key", START + 2, body);
    assert_eq!(house.post("/hooks/deploy", &third, body).await, 503);
    let Ok(News::Deploy(announced)) = house.news.try_recv() else { panic!("nothing was told") };
    assert_eq!(announced.author.as_deref(), Some("anna"));
    assert_eq!(house.post("/hooks/deploy", &third, body).await, 202);
}

#[tokio::test]
async fn connections_that_say_nothing_keep_nobody_out_for_long() {
    let house = House::open().await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(house.address).await.unwrap());
    }
    let ask = async {
        loop {
            if house.ask(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await == (200, "ok\n".to_owned()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ask).await.unwrap();
}
