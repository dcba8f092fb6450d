//! A real S3 server on the loopback: `moto_server` of PyPI.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use backout_adapters::command::{Background, Command, Environment};
use rustix::fs::FlockOperation;
use tempfile::TempDir;

/// A server, with one bucket: `backups`.
pub(super) struct S3Server {
    port: u16,
    _process: Background,
    _folder: TempDir,
}

impl S3Server {
    /// A server that takes any credentials, or, `strict`, none but for making the bucket.
    ///
    /// # Errors
    /// Why there is none here: the reason to skip the test.
    pub(super) async fn start(strict: bool) -> Result<Self, String> {
        let program = venv().await?.join("bin/moto_server");
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| error.to_string())?.port();
        let mut command = Command::new(program, &environment()).args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        if strict {
            command = command.env("INITIAL_NO_AUTH_ACTION_COUNT", "1");
        }
        let process = Background::start(&command, &folder.path().join("log")).map_err(|error| error.to_string())?;
        let server = Self { port, _process: process, _folder: folder };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                assert!(server.ask("PUT", "/backups").starts_with("HTTP/1.1 200"));
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("moto_server did not start".to_owned())
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the server without credentials; the whole answer.
    pub(super) fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let host = format!("127.0.0.1:{}", self.port);
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn environment() -> Environment {
    Environment::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())])
}

/// The folder of Python programs that tests share: the one that `BACKOUT_TEST_VENV` names, else one that is made once.
#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
async fn venv() -> Result<PathBuf, String> {
    let named = std::env::var_os("BACKOUT_TEST_VENV").map(PathBuf::from);
    if let Some(folder) = named.filter(|folder| folder.join("bin/moto_server").is_file()) {
        return Ok(folder);
    }
    let testbed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/testbed");
    std::fs::create_dir_all(&testbed).map_err(|error| error.to_string())?;
    // Tests run at the same time, in several processes: one makes it, the others wait.
    let lock = File::create(testbed.join("venv.lock")).map_err(|error| error.to_string())?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(|error| error.to_string())?;
    let folder = testbed.join("venv");
    if !folder.join("bin/moto_server").is_file() {
        let make = Command::new("python3", &environment()).args(["-m", "venv"]).arg(&folder);
        make.limit(Duration::from_secs(120)).run().await.map_err(|error| error.to_string())?;
        let install = Command::new(folder.join("bin/pip"), &environment()).args(["install", "--quiet", "moto[server]"]);
        install.limit(Duration::from_secs(600)).run().await.map_err(|error| error.to_string())?;
    }
    Ok(folder)
}
