//! Services behind the user's own restart and status commands.
//!
//! Contract: `status` exits 0 while the service runs. If the first line that it prints is a number, that is taken for
//! the main process, and what the service was started from is read off it; otherwise what stands there now is all that
//! is known.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::{Health, InstanceState};
use backout_core::port::PortError;

use super::{Process, Surroundings, Told};
use crate::command::{Command, ProcessId};
use crate::host::source::Loaded;
use crate::host::supervisor::{UNSEEN_CODE, started_at};

/// How long a restart may take; the step's own limit is what counts.
const RESTART_LIMIT: Duration = Duration::from_secs(600);
/// How long a status may take.
const STATUS_LIMIT: Duration = Duration::from_secs(10);

/// The commands of one service.
#[derive(Clone)]
pub(crate) struct OwnCommands {
    service: ServiceName,
    restart: Vec<String>,
    status: Option<Vec<String>>,
    surroundings: Surroundings,
}

impl OwnCommands {
    pub(crate) fn new(
        service: &ServiceName,
        restart: &[String],
        status: Option<&[String]>,
        surroundings: &Surroundings,
    ) -> Self {
        let status = status.map(<[String]>::to_vec);
        Self { service: service.clone(), restart: restart.to_vec(), status, surroundings: surroundings.clone() }
    }

    fn command(&self, argv: &[String], limit: Duration) -> Result<Command, PortError> {
        let (program, arguments) =
            argv.split_first().ok_or_else(|| PortError::new(format!("`{}` has an empty command", self.service)))?;
        Ok(Command::new(program, &self.surroundings.environment).args(arguments).limit(limit))
    }

    /// Without a status command the service is taken to run: its probes are what tells.
    pub(crate) async fn look(&self) -> Result<Vec<Process>, PortError> {
        let (state, pid) = match &self.status {
            None => (InstanceState::Running, None),
            Some(status) => {
                let output = self.command(status, STATUS_LIMIT)?.output().await?;
                match output.status.success() {
                    true => (InstanceState::Running, main_process(&output.text())),
                    false => (InstanceState::Exited { code: UNSEEN_CODE, out_of_memory: false }, None),
                }
            }
        };
        let started = pid.and_then(|pid| started_at(pid, self.surroundings.clock.now()));
        Ok(vec![Process {
            id: self.service.to_string(),
            name: self.service.to_string(),
            state,
            health: Health::Unchecked,
            since: None,
            restarts: 0,
            told: Told::Seen(Loaded { pid, started, reloaded: None }),
        }])
    }

    pub(crate) fn can_look(&self) -> bool {
        self.status.is_some()
    }

    pub(crate) async fn restart(&self) -> Result<(), PortError> {
        self.command(&self.restart, RESTART_LIMIT)?.run().await?;
        Ok(())
    }

    pub(crate) fn stop(&self) -> Result<(), PortError> {
        Err(PortError::new(format!("`{}` has a command to restart it and none to stop it", self.service)).hint(
            "stop it by hand, then resume; services with `units` or `run` instead of `restart` are stopped by backout",
        ))
    }

    pub(crate) async fn evidence(&self) -> Vec<(String, Vec<u8>)> {
        let Some(status) = &self.status else { return Vec::new() };
        let said = match self.command(status, STATUS_LIMIT) {
            Ok(command) => command
                .output()
                .await
                .map_or_else(|error| error.to_string().into_bytes(), |output| [output.stdout, output.stderr].concat()),
            Err(error) => error.what.into_bytes(),
        };
        vec![(format!("{}.status.txt", self.service), said)]
    }
}

fn main_process(text: &str) -> Option<u32> {
    let pid = text.lines().next()?.trim().parse().ok()?;
    ProcessId::current(pid).map(|process| process.pid)
}
