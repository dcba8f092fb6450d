//! The side that starts, stops and watches supervising processes.

use std::collections::BTreeMap;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backout_core::port::{Clock, PortError};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::process::{Written, marked};
use super::run::SuperviseOptions;
use super::state::{Phase, State};
use crate::command::{Command, Environment, ProcessId, is_alive, spawn_detached, terminate_group};
use crate::files::{explain, replace};

/// How long a supervising process may take to start its service.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(10);
/// How much longer than its service a supervising process may take to stop.
const AFTER_SERVICE: Duration = Duration::from_secs(2);
/// A log of this many bytes is put aside at the next start.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;
/// How often the states are looked at where the kernel does not tell of changes, or nobody is left to write them.
const SLOW_LOOK: Duration = Duration::from_millis(500);

static NEXT: AtomicU64 = AtomicU64::new(0);

/// How supervising processes are made.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor {
    /// The program and its first arguments; the path of the options follows.
    pub(crate) argv: Vec<String>,
    /// The environment of supervised services.
    pub(crate) environment: Environment,
}

/// Starts a service under a supervising process of its own, and returns when that has started it.
///
/// # Errors
/// Where one of the two did not start, with the reason.
pub(crate) async fn start(
    supervisor: &Supervisor,
    mut options: SuperviseOptions,
    variables: BTreeMap<String, String>,
    clock: &dyn Clock,
) -> Result<(), PortError> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    options.mark = format!("{}-{number}-{}", std::process::id(), clock.now().as_nanosecond());
    let places = &options.places;
    put_long_log_aside(&places.log(), &places.earlier_log())?;
    let text = serde_json::to_vec_pretty(&options).map_err(|error| PortError::new(error.to_string()))?;
    replace(&places.options(), &text, 0o600).map_err(|error| explain("write", &places.options(), &error))?;
    let process = spawn_detached(&supervisor.command(&places.options(), variables)?, &places.log())?;
    let state = tokio::select! {
        state = started(&options, process, clock) => state?,
        () = clock.sleep(START_LIMIT) => None,
    };
    match state.map(|state| state.phase) {
        Some(Phase::Ended { why: Some(why), .. }) => Err(PortError::new(why)),
        Some(_) => Ok(()),
        None => Err(PortError::new(format!("the supervising process did not start {:?}", options.run))
            .hint(format!("its last words are in `{}`", places.log().display()))),
    }
}

impl Supervisor {
    fn command(&self, options: &Path, variables: BTreeMap<String, String>) -> Result<Command, PortError> {
        let (program, arguments) =
            self.argv.split_first().ok_or_else(|| PortError::new("there is no supervising program"))?;
        let command = Command::new(program, &self.environment).args(arguments).arg(options);
        Ok(variables.into_iter().fold(command, |command, (name, value)| command.env(name, value)))
    }
}

/// What is written down once the service was started; `None` where the supervising process ended before.
async fn started(
    options: &SuperviseOptions,
    process: ProcessId,
    clock: &dyn Clock,
) -> Result<Option<State>, PortError> {
    loop {
        // The process is looked at first: what it wrote before its end is there then.
        let is_there = is_alive(process);
        let state = State::read(&options.places)?;
        let state = state.filter(|state| state.mark == options.mark && state.phase != Phase::Starting);
        if state.is_some() || !is_there {
            return Ok(state);
        }
        clock.sleep(LOOK).await;
    }
}

/// Stops a supervised service with all of its process group and its supervising process. Stopping what does not run does
/// nothing.
///
/// # Errors
/// Where a process survives, or the end cannot be written down.
pub(crate) async fn stop(places: &super::Places, grace: Duration, clock: &dyn Clock) -> Result<(), PortError> {
    let Some(mut state) = State::read(places)? else { return Ok(()) };
    if state.phase == Phase::Stopped {
        return Ok(());
    }
    // The supervising process is told first, so that it takes the end for one that was asked for.
    tokio::join!(end(Some(&state.supervisor), grace + AFTER_SERVICE), end(state.process.as_ref(), grace));
    // It may have started the service once more before it was told.
    state = State::read(places)?.unwrap_or(state);
    end(state.process.as_ref(), grace).await;
    for left in [Some(&state.supervisor), state.process.as_ref()].into_iter().flatten() {
        if left.is_alive() {
            return Err(PortError::new(format!("process {} does not stop", left.pid()))
                .hint("it belongs to another user, or the kernel holds it; see `ps -o user,stat,wchan`"));
        }
    }
    for unknown in marked(&state.mark) {
        terminate_group(unknown, grace).await;
    }
    if state.phase != Phase::Stopped {
        state.phase = Phase::Stopped;
        state.since = clock.now();
        state.write(places)?;
    }
    Ok(())
}

async fn end(process: Option<&Written>, grace: Duration) {
    if let Some(process) = process.and_then(Written::process) {
        terminate_group(process, grace).await;
    }
}

fn put_long_log_aside(log: &Path, earlier: &Path) -> Result<(), PortError> {
    if fs::metadata(log).is_ok_and(|found| found.len() > LOG_LIMIT) {
        fs::rename(log, earlier).map_err(|error| explain("rename", log, &error))?;
    }
    Ok(())
}

/// Tells when something in the folder of supervised services changed.
pub(crate) struct Changes(Option<AsyncFd<OwnedFd>>);

impl Changes {
    /// Begins to listen. Where the kernel cannot tell, only the time from time to time is left.
    pub(crate) fn of(folder: &Path) -> Self {
        Self(listen(folder))
    }

    /// Ends when something changed (the kernel tells within a millisecond), or from time to time.
    pub(crate) async fn next(&self, clock: &dyn Clock) {
        let Some(changes) = &self.0 else { return clock.sleep(SLOW_LOOK).await };
        tokio::select! {
            readable = changes.readable() => if let Ok(mut readable) = readable {
                let mut buffer = [MaybeUninit::uninit(); 4096];
                let mut events = inotify::Reader::new(changes.get_ref(), &mut buffer);
                while events.next().is_ok() {}
                readable.clear_ready();
            },
            () = clock.sleep(SLOW_LOOK) => (),
        }
    }
}

#[expect(deprecated, reason = "what replaces it is unsafe for types that do not own their descriptor; this one does")]
fn listen(folder: &Path) -> Option<AsyncFd<OwnedFd>> {
    let descriptor = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
    inotify::add_watch(&descriptor, folder, WatchFlags::MOVED_TO).ok()?;
    AsyncFd::with_interest(descriptor, Interest::READABLE).ok()
}
