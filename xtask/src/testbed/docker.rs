//! Docker Engine: the one that answers on the default socket, else Debian's, started here.

use crate::failure::Failure;
use crate::process::{Call, find};
use crate::testbed::daemon::{self, Daemon};
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

const SOCKET: &str = "unix:///var/run/docker.sock";

pub(crate) fn start(layout: &Layout, before: Option<&Part>) -> Result<Part, Failure> {
    if let Some(version) = engine_version() {
        let ours = before.filter(|part| daemon::is_alive(part)).cloned();
        let part = ours.unwrap_or(Part { state: State::Used, address: Some(SOCKET.to_owned()), ..Part::default() });
        return Ok(Part { version: Some(version), ..part });
    }
    if let Some(part) = before {
        // It lives and does not answer: it would hold the new one's files.
        daemon::end(&mut part.clone())?;
    }
    let dockerd = find("dockerd").filter(|_| find("iptables").is_some());
    let dockerd = match dockerd {
        Some(path) => path,
        None => {
            packages::install(layout, &["docker.io", "iptables"])?;
            packages::program(layout, "dockerd", &["docker.io"])?
        }
    };
    let data = layout.machine.join("docker");
    let argv = [
        dockerd.display().to_string(),
        "--host".to_owned(),
        SOCKET.to_owned(),
        "--data-root".to_owned(),
        data.display().to_string(),
        "--exec-root".to_owned(),
        "/run/backout-testbed/docker".to_owned(),
        "--pidfile".to_owned(),
        "/run/backout-testbed/dockerd.pid".to_owned(),
        "--log-level".to_owned(),
        "warn".to_owned(),
    ];
    let run = std::path::Path::new("/run/backout-testbed");
    std::fs::create_dir_all(run).map_err(Failure::file(run))?;
    let log = layout.log("docker");
    let daemon = Daemon { argv: argv.to_vec(), user: None, log: &log };
    let part = daemon.start(|| engine_version().is_some())?;
    Ok(Part { address: Some(SOCKET.to_owned()), version: engine_version(), path: Some(data), ..part })
}

/// The version of the engine that answers, if one does.
fn engine_version() -> Option<String> {
    let call = Call::new("docker").args(["--host", SOCKET, "version", "--format", "{{.Server.Version}}"]);
    let version = call.output().ok()?.trim().to_owned();
    (!version.is_empty()).then_some(version)
}
