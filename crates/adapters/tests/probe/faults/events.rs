//! A storm of events from an engine. The engine is a double, a few lines that answer on a socket as Docker does: a real one
//! cannot be made to tell of a thousand events a second.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backout_adapters::compose::{ComposeOptions, ComposePlatform, DockerOptions};
use backout_core::port::{Platform, PlatformEvent};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::Instant;

use super::memory::resident_mib;
use crate::world::{WallClock, environment, service};

/// How many events the double tells of each tick, and how long a tick is: a thousand a second.
const EACH: usize = 20;
const TICK: Duration = Duration::from_millis(20);
/// The tick with which the crash is told, and the last one.
const CRASH: usize = 100;
const LAST: usize = 150;

fn event(action: &str, exit_code: &str) -> String {
    let attributes = json!({
        "com.docker.compose.project": "shop", "com.docker.compose.service": "app", "name": "shop-app-1",
        "exitCode": exit_code, "padding": "a".repeat(500),
    });
    let event = json!({
        "Type": "container", "Action": action, "Actor": { "ID": "c0ffee", "Attributes": attributes },
        "scope": "local", "time": 1_795_000_000, "timeNano": 1_795_000_000_000_000_000_i64,
    });
    let line = format!("{event}\n");
    format!("{:x}\r\n{line}\r\n", line.len())
}

/// Answers one connection as Docker does; tells when the crash was sent.
async fn engine(mut stream: UnixStream, crashed: Arc<Mutex<Option<Instant>>>) {
    let mut request = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = stream.read(&mut request).await {
        let asked = String::from_utf8_lossy(&request[..length]).into_owned();
        if !asked.contains("/events") {
            let body = r#"{"ApiVersion":"1.41","Version":"20.10.24"}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            continue;
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let noise = [event("health_status: healthy", ""), event("exec_create: sh", "")].concat().repeat(EACH / 2);
        for tick in 0..LAST {
            if tick == CRASH {
                *crashed.lock().unwrap() = Some(Instant::now());
                stream.write_all(event("die", "137").as_bytes()).await.unwrap();
            }
            if stream.write_all(noise.as_bytes()).await.is_err() {
                return;
            }
            tokio::time::sleep(TICK).await;
        }
        std::future::pending::<()>().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_is_told_at_once_among_a_thousand_events_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let crashed = Arc::new(Mutex::new(None));
    let sent = Arc::clone(&crashed);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(engine(stream, Arc::clone(&sent)));
        }
    });
    let host = Some(format!("unix://{}", socket.display()));
    let options = ComposeOptions {
        project: Some("shop".to_owned()),
        folder: PathBuf::from("/"),
        files: Vec::new(),
        env_files: Vec::new(),
        profiles: Vec::new(),
        services: BTreeMap::from([(service(), "app".to_owned())]),
        docker: DockerOptions { host, ..DockerOptions::from_environment(environment()) },
    };
    let platform = ComposePlatform::new(options, Arc::new(WallClock));
    let (told, mut tellings) = tokio::sync::mpsc::unbounded_channel();
    let moved = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&moved);
    let sink = Box::new(move |event: PlatformEvent| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if let PlatformEvent::Moved { what, .. } = event
            && what.contains("died")
        {
            told.send((Instant::now(), what)).unwrap();
        }
    });
    let before = resident_mib();
    let (at, what) = tokio::select! {
        () = platform.events(sink) => unreachable!(),
        told = tellings.recv() => told.unwrap(),
    };
    let took = at - crashed.lock().unwrap().unwrap();
    assert!(what.ends_with("died with exit code 137"), "{what}");
    // Half a second is a platform's patience, not a measurement: the storm lasts for two before the crash, and everything
    // that was told before it has been passed on.
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert!(moved.load(std::sync::atomic::Ordering::Relaxed) >= CRASH * EACH / 2);
    let grown = resident_mib() - before;
    assert!(grown < 32.0, "{grown} MiB for a storm of events");
}
