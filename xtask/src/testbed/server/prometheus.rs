//! Prometheus with a folder and a loopback port of its own. Tests add targets by putting files into `targets/` of its
//! folder (file-based service discovery); everything is scraped each second.

use std::fs;

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::daemon::{self, Daemon, answers, get};
use crate::testbed::layout::{Layout, free_port};
use crate::testbed::packages;
use crate::testbed::record::Part;

const CONFIG: &str = "\
global: { scrape_interval: 1s, evaluation_interval: 1s }
scrape_configs:
  - job_name: targets
    file_sd_configs: [{ files: [targets/*.json], refresh_interval: 1s }]
";

pub(crate) fn start(layout: &Layout, before: Option<&Part>) -> Result<Part, Failure> {
    // Tests start an Alertmanager of their own.
    packages::program(layout, "prometheus-alertmanager", &["prometheus-alertmanager"])?;
    if let Some(part) = before.filter(|part| daemon::is_alive(part)) {
        return Ok(part.clone());
    }
    let program = packages::program(layout, "prometheus", &["prometheus"])?;
    let (folder, port, log) = (layout.folder("prometheus")?, free_port(before, 19090)?, layout.log("prometheus"));
    let (config, targets) = (folder.join("prometheus.yml"), folder.join("targets"));
    fs::create_dir_all(&targets).map_err(Failure::file(&targets))?;
    fs::write(&config, CONFIG).map_err(Failure::file(&config))?;
    let argv = vec![
        program.display().to_string(),
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", folder.join("data").display()),
        "--storage.tsdb.retention.time=6h".to_owned(),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--web.enable-lifecycle".to_owned(),
        "--web.enable-admin-api".to_owned(),
        "--log.level=warn".to_owned(),
    ];
    let part = Daemon { argv, user: None, log: &log }.start(|| answers(port, &get("/-/ready"), " 200 "))?;
    let version = Call::new(&program).args(["--version"]).output()?;
    Ok(Part {
        address: Some(format!("http://127.0.0.1:{port}")),
        port: Some(port),
        version: version.split_whitespace().nth(2).map(str::to_owned),
        path: Some(folder),
        ..part
    })
}
