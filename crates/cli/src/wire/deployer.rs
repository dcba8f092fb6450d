//! The deploy command and the dead-man's switch, as processes.

use std::path::PathBuf;
use std::time::Duration;

use backout_adapters::command::{
    Command, Guarded, ProcessId, interrupt_group, is_alive, spawn_beside_document, spawn_detached, spawn_inherited,
};
use backout_core::id::RunId;
use backout_core::journal::{DeployExit, Drill};
use backout_core::port::{Deployer, Pending, PortError};
use tokio::sync::Mutex;

/// How long a deploy command may take to end when asked to, and then when told to.
const GRACE: Duration = Duration::from_secs(10);
/// How long repairing may take.
const REPAIRS_WITHIN: Duration = Duration::from_secs(60);
/// Time between two looks at a process that is not our child.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts processes; holds the one it started.
pub(crate) struct ProcessDeployer {
    /// The deploy command; `None` in a process that only goes on with a run.
    pub(crate) deploy: Option<Command>,
    /// The command that stands by, without the run's name.
    pub(crate) stand_by: Command,
    /// The folder for the switch's log.
    pub(crate) logs: PathBuf,
    /// Whether our standard output is for one document, which what the deploy command prints must not come into.
    pub(crate) is_document: bool,
    /// The command that repairs what a drill broke, where one is needed.
    repair: Option<Command>,
    /// The deploy command, once it runs.
    pub(crate) running: Mutex<Option<Guarded>>,
}

impl ProcessDeployer {
    pub(crate) fn new(deploy: Option<Command>, stand_by: Command, logs: PathBuf, is_document: bool) -> Self {
        Self { deploy, stand_by, logs, is_document, repair: None, running: Mutex::new(None) }
    }

    /// The same, which knows how to repair what a drill broke.
    pub(crate) fn repairing(self, repair: Option<Command>) -> Self {
        Self { repair, ..self }
    }
}

impl Deployer for ProcessDeployer {
    fn argv(&self) -> Vec<String> {
        let words = self.deploy.iter().flat_map(Command::argv);
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    fn start(&self) -> Pending<'_, Result<(u32, u64), PortError>> {
        Box::pin(async move {
            let Some(command) = &self.deploy else {
                return Err(PortError::new("this process was not given the deploy command"));
            };
            let spawn = if self.is_document { spawn_beside_document } else { spawn_inherited };
            let guarded = spawn(command).map_err(|error| PortError::new(error.to_string()))?;
            let id = guarded.id();
            *self.running.lock().await = Some(guarded);
            Ok((id.pid, id.started_ticks))
        })
    }

    fn wait(&self, pid: u32, started_ticks: u64) -> Pending<'_, DeployExit> {
        Box::pin(async move {
            if let Some(guarded) = self.running.lock().await.as_mut() {
                return match guarded.wait().await {
                    Ok(status) => exit_of(status),
                    Err(_) => DeployExit::Unseen,
                };
            }
            while is_alive(ProcessId { pid, started_ticks }) {
                tokio::time::sleep(PAUSE).await;
            }
            DeployExit::Unseen
        })
    }

    fn stop(&self, pid: u32, started_ticks: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            interrupt_group(ProcessId { pid, started_ticks }, GRACE).await;
        })
    }

    fn repair<'a>(&'a self, _: &'a Drill) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            let Some(command) = self.repair.clone() else {
                return Err(PortError::new("the command that repairs it is no longer configured"));
            };
            let command = command.limit(REPAIRS_WITHIN);
            command.run().await.map_err(|error| PortError::new(error.to_string()))?;
            Ok(format!("`{command}` has ended well"))
        })
    }

    fn arm<'a>(&'a self, run: &'a RunId) -> Pending<'a, Result<u32, PortError>> {
        Box::pin(async move {
            let command = self.stand_by.clone().args(["--run", run.as_str()]);
            let log = self.logs.join(format!("{run}.log"));
            let id = spawn_detached(&command, &log).map_err(|error| PortError::new(error.to_string()))?;
            Ok(id.pid)
        })
    }
}

fn exit_of(status: std::process::ExitStatus) -> DeployExit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => DeployExit::Code { code },
        (None, Some(signal)) => DeployExit::Signal { signal },
        (None, None) => DeployExit::Unseen,
    }
}
