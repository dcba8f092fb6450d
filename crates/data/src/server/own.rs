//! A server of our own: a new cluster in a folder of its own, reached through a socket in that folder.
//!
//! Contract: nobody else can reach it, it serves for as long as it is held, and nothing of it is left when it is dropped.
//! PostgreSQL refuses to run as root, so it runs as the user `postgres` then.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backout_adapters::command::{Background, Command, Environment};
use backout_core::port::PortError;
use rustix::process::Signal;
use tempfile::TempDir;

use super::Tools;
use crate::Address;

/// How long making a cluster may take.
const MADE_WITHIN: Duration = Duration::from_secs(120);
/// How long starting may take: recovery of a crashed or copied cluster among it.
const STARTED_WITHIN: Duration = Duration::from_secs(600);
/// Time between two looks whether it has started.
const PAUSE: Duration = Duration::from_millis(25);
/// How long one may take to end that was asked to end at once.
const ENDED_WITHIN: Duration = Duration::from_secs(5);

/// What a server of our own is to be like.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// Parameters of `postgresql.conf`, beside ours: a later one of the same name wins.
    pub settings: Vec<(String, String)>,
    /// A port on the loopback address, where a socket will not do.
    pub port: Option<u16>,
}

/// A server of our own.
pub struct OwnServer {
    tools: Tools,
    environment: Environment,
    options: ServerOptions,
    patience: Duration,
    process: Option<Background>,
    is_isolated: bool,
    folder: TempDir,
}

impl OwnServer {
    /// Makes a new cluster and starts it.
    ///
    /// # Errors
    /// Where the programs are missing, or a step fails.
    pub async fn create(tools: &Tools, environment: &Environment, options: ServerOptions) -> Result<Self, PortError> {
        Self::empty(tools, environment, options)?.made().await
    }

    /// The same, without any network where the system lets us do that (root, outside of most containers): what is restored
    /// into it may be somebody else's, and can then call nobody. Its socket is a file, and is reached as ever.
    ///
    /// # Errors
    /// As [`OwnServer::create`].
    pub async fn isolated(tools: &Tools, environment: &Environment, options: ServerOptions) -> Result<Self, PortError> {
        let mut server = Self::empty(tools, environment, options)?;
        let tried = Command::new("unshare", environment).args(["--net", "--", "true"]).run().await;
        server.is_isolated = rustix::process::geteuid().is_root() && tried.is_ok();
        server.made().await
    }

    async fn made(self) -> Result<Self, PortError> {
        let mut server = self;
        let data = server.data().display().to_string();
        let words = ["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
        let command = server.command("initdb", words.iter().copied())?.limit(MADE_WITHIN);
        command.run().await.map_err(|error| PortError::new(format!("no cluster could be made: {error}")))?;
        server.start().await?;
        Ok(server)
    }

    /// A folder for a cluster that is filled by somebody else before [`OwnServer::start`].
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn empty(tools: &Tools, environment: &Environment, options: ServerOptions) -> Result<Self, PortError> {
        let failed = |error: std::io::Error| PortError::new(format!("no folder for a server of our own: {error}"));
        let folder = tempfile::Builder::new().prefix("backout-pg-").tempdir().map_err(failed)?;
        own(folder.path()).map_err(failed)?;
        let environment = environment.clone();
        Ok(Self {
            tools: tools.clone(),
            environment,
            options,
            patience: STARTED_WITHIN,
            process: None,
            is_isolated: false,
            folder,
        })
    }

    /// The same server, which is waited for as long as that when it starts (10 minutes unless set).
    #[must_use]
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// Where it ends or does not answer in time; the last lines of its log are in the error.
    pub async fn start(&mut self) -> Result<(), PortError> {
        let command = self.server_command()?;
        let started = Background::start(&command, &self.log());
        self.process = Some(started.map_err(|error| PortError::new(format!("no server could be started: {error}")))?);
        let deadline = tokio::time::Instant::now() + self.patience;
        while self.address("postgres").connect().await.is_err() {
            let is_alive = self.process.as_ref().is_some_and(Background::is_alive);
            if !is_alive || tokio::time::Instant::now() >= deadline {
                return Err(PortError::new(format!("a server of our own did not start: {}", self.last_lines())));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// How to reach one of its databases, as its superuser.
    #[must_use]
    pub fn address(&self, dbname: &str) -> Address {
        let (host, port) = match self.options.port {
            Some(port) => ("127.0.0.1".to_owned(), port),
            None => (self.folder.path().display().to_string(), 5432),
        };
        Address::local(&host, port, "postgres", dbname)
    }

    /// The folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of the programs, as the user that the server runs as.
    ///
    /// # Errors
    /// Where it is not installed.
    pub fn command<'a>(&self, program: &str, words: impl IntoIterator<Item = &'a str>) -> Result<Command, PortError> {
        Ok(self.as_its_user(self.tools.program(program)?).args(words))
    }

    /// Any program, as the user that the server runs as.
    #[must_use]
    pub fn as_its_user(&self, program: impl Into<OsString>) -> Command {
        let command = if rustix::process::geteuid().is_root() {
            let words = ["--reuid=postgres", "--regid=postgres", "--init-groups", "--"];
            Command::new("setpriv", &self.environment).args(words).arg(program)
        } else {
            Command::new(program, &self.environment)
        };
        command.folder(self.folder.path())
    }

    /// The folder that it keeps everything in: its data, its socket and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said since it was started first.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn server_command(&self) -> Result<Command, PortError> {
        let port = self.options.port.unwrap_or(5432).to_string();
        let ours = [
            ("listen_addresses", if self.options.port.is_some() { "127.0.0.1".to_owned() } else { String::new() }),
            ("port", port),
            ("unix_socket_directories", self.folder.path().display().to_string()),
            // What is lost when the machine dies is made again.
            ("fsync", "off".to_owned()),
            ("full_page_writes", "off".to_owned()),
            ("synchronous_commit", "off".to_owned()),
        ];
        let theirs = self.options.settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let settings: Vec<String> =
            ours.into_iter().chain(theirs).map(|(name, value)| format!("{name}={value}")).collect();
        let data = self.data().display().to_string();
        let words = ["-D", data.as_str()].into_iter();
        let words = words.chain(settings.iter().flat_map(|setting| ["-c", setting.as_str()]));
        let command = self.command("postgres", words)?;
        if !self.is_isolated {
            return Ok(command);
        }
        let argv: Vec<_> = command.argv().map(std::ffi::OsStr::to_owned).collect();
        let isolated = Command::new("unshare", &self.environment).args(["--net", "--"]).args(argv);
        Ok(isolated.folder(self.folder.path()))
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn last_lines(&self) -> String {
        let log = self.said();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for OwnServer {
    /// An immediate shutdown: its data goes as well. Killed, it would leave shared memory behind, of which a system has only
    /// so many segments (`kernel.shmmni`): other servers could not start one day.
    fn drop(&mut self) {
        if let Some(process) = &self.process {
            process.ask_to_end(Signal::QUIT, ENDED_WITHIN);
        }
    }
}

/// Gives a folder to the user that servers run as, and to nobody else.
fn own(folder: &Path) -> std::io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (user, group) = postgres_user()?;
    std::os::unix::fs::chown(folder, Some(user), Some(group))
}

/// The numbers of the user `postgres`.
fn postgres_user() -> std::io::Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd")?;
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let numbers = line.and_then(|line| {
        let mut parts = line.split(':').skip(2);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    numbers.ok_or_else(|| std::io::Error::other("there is no user `postgres` that a server could run as"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many segments of shared memory there are that a process made.
    fn segments_of(process: &str) -> usize {
        let all = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
        all.lines().filter(|line| line.split_whitespace().nth(4) == Some(process)).count()
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    async fn a_server_of_our_own_serves_and_leaves_nothing() {
        let environment = std::env::vars_os().collect();
        let tools = Tools::find(None).unwrap();
        let server = OwnServer::create(&tools, &environment, ServerOptions::default()).await.unwrap();
        let session = server.address("postgres").connect().await.unwrap();
        let row = session.query_one("SELECT current_setting('listen_addresses')", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "");
        let folder = server.data().parent().unwrap().to_owned();
        let started = std::fs::read_to_string(server.data().join("postmaster.pid")).unwrap();
        let process = started.lines().next().unwrap();
        assert_eq!(segments_of(process), 1);
        drop(server);
        assert!(!folder.exists());
        assert_eq!(segments_of(process), 0, "it left shared memory behind");
    }
}
