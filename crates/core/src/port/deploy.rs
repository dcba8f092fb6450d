//! The deploy command, the work tree that it deploys from, the dead-man's switch, and whoever looks on.

use super::{Pending, PortError};
use crate::detect::Sample;
use crate::id::RunId;
use crate::inventory::Source;
use crate::journal::{DeployExit, Drill, Record};
use crate::schedule::Tally;

/// Runs the deploy command and arms the switch. The command itself is not in the journal unredacted, so only the process
/// that was given it can start it.
pub trait Deployer: Send + Sync {
    /// The deploy command, word by word; empty in a process that was not given it. It may hold secrets, and is not recorded.
    fn argv(&self) -> Vec<String> {
        Vec::new()
    }

    /// Starts the deploy command as the leader of a process group of its own, its output passed through. Answers with its
    /// process id and the kernel's start time of it, in clock ticks since boot.
    fn start(&self) -> Pending<'_, Result<(u32, u64), PortError>>;

    /// Waits for the deploy command. A command that another process started ends [`DeployExit::Unseen`].
    fn wait(&self, pid: u32, started_ticks: u64) -> Pending<'_, DeployExit>;

    /// Ends the deploy command and its process group. Does nothing where the process is gone.
    fn stop(&self, pid: u32, started_ticks: u64) -> Pending<'_, ()>;

    /// Repairs what a drill broke, as far as going back does not do that; may be done again. Answers with what was done.
    ///
    /// # Errors
    /// Where it could not be repaired.
    fn repair<'a>(&'a self, drill: &'a Drill) -> Pending<'a, Result<String, PortError>> {
        let _ = drill;
        Box::pin(std::future::ready(Ok("there was nothing to repair".to_owned())))
    }

    /// Starts a detached process that goes on with the run when this one stops renewing its lease. Answers with its
    /// process id.
    fn arm<'a>(&'a self, run: &'a RunId) -> Pending<'a, Result<u32, PortError>>;
}

/// Looks at the work tree that the folder of the configuration is in, and puts tags on its commits.
pub trait Repository: Send + Sync {
    /// What is checked out; `None` where the folder is in no work tree.
    ///
    /// # Errors
    /// Where git cannot be asked.
    fn source(&self) -> Pending<'_, Result<Option<Source>, PortError>>;

    /// Puts a tag on what is checked out; one that is there already stays. Answers with the commit that bears it.
    ///
    /// # Errors
    /// Where the folder is in no work tree, the tag is on another commit, or git does not take it.
    fn tag<'a>(&'a self, name: &'a str) -> Pending<'a, Result<String, PortError>>;
}

/// Looks on: told of every record after it is durable, and of every sample. Best effort; never delays or fails a run.
pub trait Watcher: Send + Sync {
    /// A record was appended.
    fn recorded(&self, record: &Record);

    /// Something was measured.
    fn sampled(&self, sample: &Sample);

    /// How the probing has gone since it began; told every few seconds, and at its end.
    fn probing(&self, tally: &Tally) {
        let _ = tally;
    }

    /// A person wants this process to end, and it says what is finished first, and how not to wait for that.
    fn finishing(&self, what: &str) {
        let _ = what;
    }
}
