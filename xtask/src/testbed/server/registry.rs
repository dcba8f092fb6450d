//! A local image registry: Debian's `docker-registry` on a loopback port. Images can be deleted from it.

use std::fs;

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::daemon::{self, Daemon, answers, get};
use crate::testbed::layout::{Layout, free_port};
use crate::testbed::packages;
use crate::testbed::record::Part;

pub(crate) fn start(layout: &Layout, before: Option<&Part>) -> Result<Part, Failure> {
    if let Some(part) = before.filter(|part| daemon::is_alive(part)) {
        return Ok(part.clone());
    }
    let program = packages::program(layout, "docker-registry", &["docker-registry"])?;
    let (folder, port, log) = (layout.folder("registry")?, free_port(before, 15000)?, layout.log("registry"));
    let config = folder.join("config.yml");
    let text = format!(
        "version: 0.1\nlog: {{ level: warn }}\nstorage:\n  filesystem: {{ rootdirectory: {:?} }}\n  delete: {{ enabled: true }}\n\
         http:\n  addr: 127.0.0.1:{port}\n",
        folder.join("images").display().to_string()
    );
    fs::write(&config, text).map_err(Failure::file(&config))?;
    let version = Call::new(&program).args(["--version"]).output()?;
    let argv = vec![program.display().to_string(), "serve".to_owned(), config.display().to_string()];
    let part = Daemon { argv, user: None, log: &log }.start(|| answers(port, &get("/v2/"), " 200 "))?;
    Ok(Part {
        address: Some(format!("127.0.0.1:{port}")),
        port: Some(port),
        version: version.split_whitespace().last().map(str::to_owned),
        path: Some(folder),
        ..part
    })
}
