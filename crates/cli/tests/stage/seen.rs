//! What is seen from outside: containers through the Docker Engine, answers over HTTP.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use backout_testkit::docker::docker;
use serde_json::Value;

use super::Stage;

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Looks before something counts as not coming.
const LOOKS: u32 = 1500;

/// A container as the Docker Engine describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) id: String,
    /// The id of its image.
    pub(crate) image: String,
    pub(crate) is_running: bool,
}

impl Stage {
    /// The folder that `backout` keeps its state in.
    pub(crate) fn state(&self) -> PathBuf {
        self.project.folder().join(".backout")
    }

    /// The containers of a service, running or not.
    pub(crate) fn containers(&self, service: &str) -> Vec<Container> {
        let found = self.project.containers(service).into_iter().filter_map(|id| inspect(&id));
        found.map(|it| container(&it)).collect()
    }

    /// The image ids of the running containers of a service.
    pub(crate) fn running(&self, service: &str) -> Vec<String> {
        self.containers(service).into_iter().filter(|it| it.is_running).map(|it| it.image).collect()
    }
}

/// A container that went away between listing and looking is none.
fn inspect(id: &str) -> Option<Value> {
    let text = std::panic::catch_unwind(|| docker(&["inspect", "--type", "container", id])).ok()?;
    serde_json::from_str::<Value>(&text).ok()?.get(0).cloned()
}

fn container(inspected: &Value) -> Container {
    let text = |path: &str| inspected.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    Container { id: text("/Id"), image: text("/Image"), is_running: text("/State/Status") == "running" }
}

/// The body of an answer with status 200 on a port of this machine.
pub(crate) fn get(port: u16, path: &str) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then(|| body.trim_end().to_owned())
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if holds() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("{what}: that did not come true");
}
