//! The supervising process: starts a service, waits for its end, and writes both down. It stays when the command that
//! started it ends, because somebody must be there to see the exit code.
//!
//! Contract: only one at a time a service, by a file lock. SIGTERM and SIGINT are handed on to the service's process group;
//! SIGHUP is ignored, so that a closed terminal reaches neither (both are in process groups of their own, which is what
//! makes a session of their own unnecessary). What the service leaves behind in its group is killed before its end is
//! written down, so that nothing holds its ports. Killed itself, it leaves the service running.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use backout_core::inventory::Version;
use backout_core::port::{Clock, PortError};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::process::{MARK, Written};
use super::state::{Phase, Places, State, UNSEEN_CODE};
use crate::command::{Command, Environment, Guarded, ProcessId, spawn_inherited, terminate_group};
use crate::files::explain;

/// The exit code of a program that could not be started, as shells have it.
const NOT_STARTED: i64 = 127;
/// How long the first pause before starting a crashed service again is; it doubles every time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How often it doubles.
const PAUSE_DOUBLINGS: u32 = 5;
/// How long a service may take to stop when only the supervising process was told: whoever stops it in earnest kills it
/// when its own time is over.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What to supervise. Environment variables are not in it: they may hold secrets, and come as the supervising process's
/// own environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SuperviseOptions {
    pub(crate) places: Places,
    pub(crate) mark: String,
    pub(crate) version: Version,
    pub(crate) label: String,
    pub(crate) folder: PathBuf,
    pub(crate) run: Vec<String>,
    /// How often a service that ends with another code than 0 is started again. 0: an end is a fact, and stays one.
    pub(crate) max_restarts: u32,
}

/// Supervises one service until it ends or is told to stop; returns its exit code. This is all that the hidden subcommand
/// `backout supervise OPTIONS` does, with its own environment and output, which become the service's.
///
/// # Errors
/// Where the options cannot be read, the service has a supervising process already, or nothing can be written down.
pub async fn supervise(options: &Path, environment: &Environment, clock: &dyn Clock) -> Result<i64, PortError> {
    let text = fs::read(options).map_err(|error| explain("read", options, &error))?;
    let options: SuperviseOptions = serde_json::from_slice(&text)
        .map_err(|error| PortError::new(format!("could not understand `{}`: {error}", options.display())))?;
    let _lock = lock(&options.places)?;
    let stop = Stop::listen().map_err(|error| PortError::new(format!("could not listen for signals: {error}")))?;
    let me = ProcessId::current(std::process::id()).ok_or_else(|| PortError::new("could not read `/proc`"))?;
    let from = (options.version.clone(), options.label.clone(), options.folder.clone());
    let state = State::starting(&options.mark, Written::of(me), from, clock.now());
    state.write(&options.places)?;
    Supervision { options, environment, state, clock, stop }.run().await
}

struct Supervision<'a> {
    options: SuperviseOptions,
    environment: &'a Environment,
    state: State,
    clock: &'a dyn Clock,
    stop: Stop,
}

enum End {
    ByItself(i64),
    Asked(i64),
}

impl Supervision<'_> {
    async fn run(mut self) -> Result<i64, PortError> {
        loop {
            let end = match self.spawn() {
                Ok(service) => self.attend(service).await?,
                Err(error) => {
                    self.move_to(Phase::Ended { code: NOT_STARTED, why: Some(error.what) })?;
                    return Ok(NOT_STARTED);
                }
            };
            let code = match end {
                End::Asked(code) => return self.move_to(Phase::Stopped).map(|()| code),
                End::ByItself(code) => code,
            };
            if code == 0 || self.state.restarts >= self.options.max_restarts {
                return self.move_to(Phase::Ended { code, why: None }).map(|()| code);
            }
            if self.pause().await? {
                return self.move_to(Phase::Stopped).map(|()| code);
            }
        }
    }

    fn spawn(&self) -> Result<Guarded, PortError> {
        let (program, arguments) =
            self.options.run.split_first().ok_or_else(|| PortError::new("there is no program to supervise"))?;
        let command = Command::new(program, self.environment).args(arguments).folder(&self.options.folder);
        let command = command.env(MARK, &self.options.mark);
        Ok(spawn_inherited(&command)?)
    }

    /// Waits for the end of a started service.
    async fn attend(&mut self, mut service: Guarded) -> Result<End, PortError> {
        let id = service.id();
        self.state.process = Some(Written::of(id));
        self.move_to(Phase::Running)?;
        let by_itself = tokio::select! {
            // A service that ends because it was asked to may be seen to end first.
            biased;
            () = self.stop.asked() => None,
            status = service.wait() => Some(status?),
        };
        let end = match by_itself {
            Some(status) => End::ByItself(code_of(status)),
            None => {
                terminate_group(id, PATIENCE).await;
                End::Asked(code_of(service.wait().await?))
            }
        };
        terminate_group(id, Duration::ZERO).await;
        Ok(end)
    }

    /// Waits before the next start; returns whether it was asked to stop meanwhile.
    async fn pause(&mut self) -> Result<bool, PortError> {
        self.move_to(Phase::Restarting)?;
        let pause = FIRST_PAUSE * 2u32.pow(self.state.restarts.min(PAUSE_DOUBLINGS));
        self.state.restarts += 1;
        Ok(tokio::select! {
            () = self.stop.asked() => true,
            () = self.clock.sleep(pause) => false,
        })
    }

    fn move_to(&mut self, phase: Phase) -> Result<(), PortError> {
        self.state.phase = phase;
        self.state.since = self.clock.now();
        self.state.write(&self.options.places)
    }
}

/// The signals that ask for an end.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
    _hang_up: Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

fn code_of(status: ExitStatus) -> i64 {
    let by_signal = || status.signal().map_or(UNSEEN_CODE, |signal| 128 + i64::from(signal));
    status.code().map_or_else(by_signal, i64::from)
}

fn lock(places: &Places) -> Result<File, PortError> {
    let path = places.lock();
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|error| explain("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(PortError::new(format!("`{}` is held: the service is supervised already", path.display())))
        }
        Err(fs::TryLockError::Error(error)) => Err(explain("lock", &path, &error)),
    }
}
