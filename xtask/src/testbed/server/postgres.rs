//! PostgreSQL 15 with a folder and a loopback port of its own; every local user may connect as `postgres`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::daemon::{self, Daemon};
use crate::testbed::layout::{Layout, free_port};
use crate::testbed::packages;
use crate::testbed::record::Part;

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

pub(crate) fn start(layout: &Layout, before: Option<&Part>) -> Result<Part, Failure> {
    if let Some(part) = before.filter(|part| daemon::is_alive(part)) {
        return Ok(part.clone());
    }
    let server = Path::new(PROGRAMS).join("postgres");
    if !server.is_file() {
        packages::install(layout, &["postgresql-15"])?;
    }
    // PostgreSQL refuses to run as root; its package makes this user.
    let user = layout.is_root.then_some("postgres");
    let data = make_cluster(layout, user)?;
    let (port, log) = (free_port(before, 15432)?, layout.log("postgres"));
    let ready = Path::new(PROGRAMS).join("pg_isready");
    let is_ready = || Call::new(&ready).args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).output().is_ok();
    let part = Daemon { argv: server_argv(&server, &data, port), user, log: &log }.start(is_ready)?;
    let version = Call::new(&server).args(["--version"]).output()?;
    Ok(Part {
        address: Some(format!("postgres://postgres@127.0.0.1:{port}/postgres")),
        port: Some(port),
        version: version.split_whitespace().nth(2).map(str::to_owned),
        path: Some(data),
        ..part
    })
}

fn server_argv(server: &Path, data: &Path, port: u16) -> Vec<String> {
    let argv = [
        &server.display().to_string(),
        "-D",
        &data.display().to_string(),
        "-p",
        &port.to_string(),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "unix_socket_directories=",
        "-c",
        "max_connections=200",
        "-c",
        // Test data: what is lost when the machine dies is made again.
        "fsync=off",
    ];
    argv.map(str::to_owned).to_vec()
}

/// The data folder; initialised if it is new.
fn make_cluster(layout: &Layout, user: Option<&str>) -> Result<PathBuf, Failure> {
    let folder = layout.folder("postgres")?;
    let data = folder.join("data");
    if data.join("PG_VERSION").is_file() {
        return Ok(data);
    }
    // What an interrupted initialisation left is of no use.
    if data.exists() {
        fs::remove_dir_all(&data).map_err(Failure::file(&data))?;
    }
    let initdb = Path::new(PROGRAMS).join("initdb").display().to_string();
    let data_text = data.display().to_string();
    let arguments = [
        initdb.as_str(),
        "-D",
        &data_text,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ];
    match user {
        None => Call::new(&initdb).args(&arguments[1..]).output()?,
        Some(user) => {
            Call::new("chown").args([user, &folder.display().to_string()]).output()?;
            let (reuid, regid) = (format!("--reuid={user}"), format!("--regid={user}"));
            let call = Call::new("setpriv").args([reuid.as_str(), &regid, "--init-groups"]);
            call.args(arguments).folder(&folder).output()?
        }
    };
    Ok(data)
}
