//! A server beside the one in use, at another moment.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, lchown};
use std::time::Duration;

use backout_core::data::RecoveryTarget;
use backout_core::port::PortError;

use super::base::{Base, said};
use super::control::Control;
use super::physical::Physical;
use super::settings::{configuration, stopped};
use crate::Target;
use crate::seal::failed;
use crate::server::{OwnServer, ServerOptions};

/// How long a recovery may take.
const RECOVERED_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// A server that has recovered to a moment.
pub(super) struct Side {
    pub(super) server: OwnServer,
    /// Where it stopped, as it said.
    pub(super) stopped: String,
}

/// Why there is none.
pub(super) enum Failure {
    /// The log ended before the moment came: it was before this base backup, or the log is not whole.
    NotReached(PortError),
    /// Anything else.
    Other(PortError),
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Failure::Other(error)
    }
}

/// A server of our own that has no data yet.
///
/// # Errors
/// Where there are no programs, or no room for a folder.
pub(super) fn empty(target: &Target) -> Result<OwnServer, PortError> {
    let server = OwnServer::empty(&target.tools()?, &target.environment, ServerOptions::default())?;
    Ok(server.patient(RECOVERED_WITHIN))
}

impl Side {
    /// Recovers a base backup to a moment. `cluster` is the system identifier of the server in use, where it is known.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(super) async fn recover(
        mut server: OwnServer,
        keeper: &dyn Physical,
        base: &Base,
        moment: &RecoveryTarget,
        cluster: Option<&str>,
    ) -> Result<Self, Failure> {
        keeper.lay(base, &server).await?;
        let control = Control::of(&server).await?;
        same_cluster(base, control.system_identifier(), cluster)?;
        let settings = configuration(moment, &keeper.restore_command(&server), &control);
        for (name, content) in [
            ("postgresql.conf", settings.as_str()),
            ("postgresql.auto.conf", ""),
            ("pg_hba.conf", "local all all trust\n"),
            ("pg_ident.conf", ""),
            ("recovery.signal", ""),
        ] {
            write(&server, name, content).map_err(|error| failed("could not configure a server of our own", &error))?;
        }
        match server.start().await {
            Ok(()) => {}
            Err(error) => return Err(why(&server.said(), error, base, moment)),
        }
        let stopped = stopped(&server.said(), moment).map(str::to_owned);
        let stopped = stopped.ok_or_else(|| {
            PortError::new(format!("a server of our own started without stopping at {}", said(moment)))
        })?;
        Ok(Self { server, stopped })
    }
}

/// Writes a file of a cluster, as its owner has it.
fn write(server: &OwnServer, name: &str, content: &str) -> io::Result<()> {
    let path = server.data().join(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(content.as_bytes())?;
    let owner = server.folder().metadata()?;
    lchown(&path, Some(owner.uid()), Some(owner.gid()))
}

fn same_cluster(base: &Base, found: Option<&str>, wanted: Option<&str>) -> Result<(), PortError> {
    match (found, wanted) {
        (Some(found), Some(wanted)) if found != wanted => {
            let name = &base.name;
            let what = format!("the base backup `{name}` is of another cluster ({found}) than the server ({wanted})");
            Err(PortError::new(what).hint("name the base backups of this server: `recovery`"))
        }
        _ => Ok(()),
    }
}

/// What the end of its log says of a server that did not start.
fn why(log: &str, error: PortError, base: &Base, moment: &RecoveryTarget) -> Failure {
    let (name, moment) = (&base.name, said(moment));
    if log.contains("recovery ended before configured recovery target was reached") {
        let missing = missing_segment(log);
        let missing = missing.map(|segment| format!(": its segment `{segment}` is not there")).unwrap_or_default();
        let what = format!("{moment} was not reached from the base backup `{name}`; the archived log ended before it");
        let hint = "check that the log is archived without a gap, and until after that moment; nothing was changed";
        return Failure::NotReached(PortError::new(format!("{what}{missing}")).hint(hint));
    }
    if log.contains("before consistent recovery point") {
        let what = format!("{moment} is before the base backup `{name}` was whole");
        return Failure::NotReached(PortError::new(what).hint("keep older base backups"));
    }
    if log.contains("is not a child of this server's history") || log.contains("unexpected timeline ID") {
        let what = format!("{moment} cannot be reached from `{name}`: the server has been on another timeline since");
        return Failure::Other(PortError::new(format!("{what}: {}", error.what)).hint("make a new base backup"));
    }
    Failure::Other(PortError::new(format!("{moment} was not reached from the base backup `{name}`: {}", error.what)))
}

/// The segment that was asked for last and not found.
fn missing_segment(log: &str) -> Option<&str> {
    let is_segment = |word: &&str| word.len() == 24 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let missing = |line: &&str| line.contains("cannot stat") || line.contains("unable to find");
    let line = log
        .lines()
        .filter(missing)
        .rfind(|line| line.split(|c: char| !c.is_ascii_hexdigit()).any(|w| is_segment(&w)))?;
    line.split(|c: char| !c.is_ascii_hexdigit()).find(is_segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_segment_is_the_last_one_that_was_not_found() {
        let log = "cp: cannot stat '/a/000000010000000000000003': No such file\nLOG:  redo done\n\
            cp: cannot stat '/a/000000010000000000000005': No such file\n\
            cp: cannot stat '/a/00000002.history': No such file\n";
        assert_eq!(missing_segment(log), Some("000000010000000000000005"));
        assert_eq!(missing_segment("LOG:  ready\n"), None);
    }
}
