//! Redis with a folder and a loopback port of its own, keeping nothing on disk.

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::daemon::{self, Daemon, answers};
use crate::testbed::layout::{Layout, free_port};
use crate::testbed::packages;
use crate::testbed::record::Part;

pub(crate) fn start(layout: &Layout, before: Option<&Part>) -> Result<Part, Failure> {
    if let Some(part) = before.filter(|part| daemon::is_alive(part)) {
        return Ok(part.clone());
    }
    let program = packages::program(layout, "redis-server", &["redis-server"])?;
    let (folder, port, log) = (layout.folder("redis")?, free_port(before, 16379)?, layout.log("redis"));
    let version = Call::new(&program).args(["--version"]).output()?;
    let argv = [
        &program.display().to_string(),
        "--bind",
        "127.0.0.1",
        "--port",
        &port.to_string(),
        "--dir",
        &folder.display().to_string(),
        "--save",
        "",
        "--daemonize",
        "no",
    ];
    let argv = argv.map(str::to_owned).to_vec();
    let part = Daemon { argv, user: None, log: &log }.start(|| answers(port, "PING\r\n", "PONG"))?;
    Ok(Part {
        address: Some(format!("redis://127.0.0.1:{port}")),
        port: Some(port),
        version: version.split_whitespace().find_map(|word| word.strip_prefix("v=")).map(str::to_owned),
        path: Some(folder),
        ..part
    })
}
