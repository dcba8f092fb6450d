//! systemd through its command line, where its bus cannot be reached.

use std::time::Duration;

use backout_core::port::{LogSpan, PortError};

use crate::command::{Command, Environment};
use crate::host::argv;
use crate::host::parse::{self, Unit};

/// How long units may take to stop and start; their own limits and the step's are what counts.
const LIMIT: Duration = Duration::from_secs(600);

fn systemctl(environment: &Environment, arguments: Vec<String>) -> Command {
    Command::new("systemctl", environment)
        .args(arguments)
        .env("LC_ALL", "C")
        .env("SYSTEMD_COLORS", "0")
        .env("SYSTEMD_PAGER", "")
        .limit(LIMIT)
        .install("this machine has neither systemd's bus nor `systemctl`: use `restart` and `status` commands instead of `units`")
}

pub(crate) async fn show(environment: &Environment, units: &[String]) -> Result<Vec<Unit>, PortError> {
    let text = systemctl(environment, argv::systemctl_show(units)).run().await?.text();
    let found = parse::units(&text);
    if found.len() == units.len() {
        return Ok(found);
    }
    Err(PortError::new(format!("`systemctl show` told of {} units instead of {}", found.len(), units.len())))
}

/// Starts units again as if they had never failed: how often they were counts for what they are then, and no limit keeps
/// them from starting.
pub(crate) async fn restart(environment: &Environment, units: &[String]) -> Result<(), PortError> {
    // What cannot be forgotten is told by the restart, if it matters.
    drop(systemctl(environment, argv::systemctl_reset(units)).run().await);
    act(environment, argv::systemctl_restart(units), units).await
}

pub(crate) async fn stop(environment: &Environment, units: &[String]) -> Result<(), PortError> {
    act(environment, argv::systemctl_stop(units), units).await
}

/// Kills every process of a unit.
pub(crate) async fn kill(environment: &Environment, unit: &str) -> Result<(), PortError> {
    act(environment, argv::systemctl_kill(unit), &[unit.to_owned()]).await
}

async fn act(environment: &Environment, arguments: Vec<String>, units: &[String]) -> Result<(), PortError> {
    let error = match systemctl(environment, arguments).run().await {
        Ok(_) => return Ok(()),
        Err(error) => PortError::from(error),
    };
    let journal = || format!("see `journalctl -u {}`; other users than root need polkit's leave", units.join(" -u "));
    let hint = error.hint.clone().unwrap_or_else(journal);
    Err(error.hint(hint))
}

/// What `systemctl status` says of a unit. Its exit code says that the unit does not run, which is no error here.
pub(crate) async fn status(environment: &Environment, unit: &str) -> Vec<u8> {
    let said = systemctl(environment, argv::systemctl_status(unit)).output().await;
    said.map_or_else(|error| error.to_string().into_bytes(), |output| [output.stdout, output.stderr].concat())
}

/// What a unit has written since a time, one message a line.
pub(crate) async fn journal_since(environment: &Environment, unit: &str, span: LogSpan) -> Result<Vec<u8>, PortError> {
    let argv = argv::journal_since(unit, span.since.as_millisecond(), span.at_most);
    let command = Command::new("journalctl", environment).args(argv);
    Ok(command.install("without systemd's journal, name the files that the service logs to").run().await?.stdout)
}

/// The last lines of a unit's journal.
pub(crate) async fn journal(environment: &Environment, unit: &str) -> Vec<u8> {
    let command = Command::new("journalctl", environment).args(argv::journal(unit));
    command.run().await.map_or_else(|error| error.to_string().into_bytes(), |output| output.stdout)
}
