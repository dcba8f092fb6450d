//! The programs that a way back runs, and what they may do.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_adapters::command::Command;
use backout_core::config::{HostManage, HostSource, ServicePlatform};

use crate::commands::setup::check::finding::Finding;
use crate::wire::Setup;

/// How long a program may take to say its version.
const LIMIT: Duration = Duration::from_secs(10);

/// A program, how it says its version, and what to do where it cannot.
type Tool = (&'static str, &'static [&'static str], &'static str);

const DOCKER: Tool = ("docker", &["--version"], "install Docker's command line client");
const GIT: Tool = ("git", &["--version"], "install git");
// Asks the manager itself: the program alone is there without one.
const SYSTEMD: Tool = (
    "systemctl",
    &["show", "--property=Version"],
    "units are started and stopped through systemd: run backout where it is, as a user that may",
);
const DUMP: Tool = ("pg_dump", &["--version"], "install the PostgreSQL client programs of the server's version");
const RESTORE: Tool = ("pg_restore", &["--version"], DUMP.2);

/// Each program that the environment needs, once.
pub(super) async fn tools(setup: &Setup) -> Vec<Finding> {
    let mut needed: BTreeSet<Tool> = BTreeSet::new();
    for service in setup.environment.services.values() {
        match &service.platform {
            ServicePlatform::Compose(_) => drop(needed.insert(DOCKER)),
            ServicePlatform::Host(host) => {
                needed.extend(matches!(host.source, HostSource::Git { .. }).then_some(GIT));
                needed.extend(matches!(host.manage, HostManage::Units(_)).then_some(SYSTEMD));
            }
            _ => {}
        }
    }
    if setup.environment.databases.values().any(|database| database.backup.is_some()) {
        needed.extend([DUMP, RESTORE]);
    }
    let mut findings = Vec::new();
    for (program, arguments, hint) in needed {
        let command = Command::new(program, &setup.process.variables).folder(setup.found.folder()).limit(LIMIT);
        let check = format!("tool {program}");
        findings.push(match command.args(arguments).run().await {
            Ok(output) => Finding::holds(check, output.text().lines().next().unwrap_or_default()),
            Err(error) => {
                let what = error.stderr().lines().next().map_or_else(|| error.to_string(), str::to_owned);
                Finding::fails(check, what).hint(hint.to_owned())
            }
        });
    }
    findings
}
