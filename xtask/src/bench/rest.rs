//! What `backout` costs when nothing happens: `status` on 50 services, and an idle `watch` of 100 targets.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::project::{GOOD, free_port};
use super::stage::Backout;
use super::usage::{memory_mib, processor_ticks};
use crate::failure::Failure;
use crate::process::Call;

const SERVICES: usize = 50;
const TARGETS: usize = 100;
/// How long the idle watch is measured, after it has settled.
const MEASURED: Duration = Duration::from_secs(30);
const SETTLED: Duration = Duration::from_secs(5);

/// Wall times of `backout status` on a Compose project of 50 running services.
pub(crate) fn status(backout: &Backout, folder: &Path, times: usize) -> Result<Vec<Duration>, Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    let names: Vec<String> = (1..=SERVICES).map(|n| format!("s{n:02}")).collect();
    let compose: String =
        names.iter().map(|name| format!("  {name}: {{ image: {GOOD}, networks: [one] }}\n")).collect();
    let services: String = names.iter().map(|name| format!("      {name}: {{}}\n")).collect();
    write(folder, "docker-compose.yml", &format!("services:\n{compose}networks: {{ one: {{}} }}\n"))?;
    write(
        folder,
        "backout.yaml",
        &format!(
            "version: 1\nproject: fifty\nenvironments:\n  local:\n    platform: {{ compose: {{ files: [docker-compose.yml], \
         project: backout-fifty }} }}\n    services:\n{services}"
        ),
    )?;
    let compose = |words: &[&str]| {
        Call::new("docker").args(["compose", "-p", "backout-fifty"]).args(words).folder(folder).output()
    };
    compose(&["up", "-d"])?;
    let timed = (0..times).map(|_| {
        let begun = Instant::now();
        Call::new(&backout.program).args(["status", "--json"]).folder(folder).output()?;
        Ok(begun.elapsed())
    });
    let timed: Result<Vec<Duration>, Failure> = timed.collect();
    compose(&["down", "--timeout", "1"])?;
    timed
}

/// The share of a core that an idle watch of 100 HTTP targets takes, probed each second, and its resident memory in MiB.
pub(crate) fn watch(backout: &Backout, folder: &Path) -> Result<(f64, f64), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    let port = free_port()?;
    let mut app = backout.start(folder, &["demo-app", "--", "--listen", &format!("127.0.0.1:{port}")])?;
    let probes: String = (1..=TARGETS)
        .map(|n| format!("          p{n:03}: {{ http: \"http://127.0.0.1:{port}/health\", every: 1s }}\n"))
        .collect();
    write(
        folder,
        "backout.yaml",
        &format!(
            "version: 1\nproject: hundred\nenvironments:\n  local:\n    services:\n      app:\n        platform: {{ exec: {{}} }}\n        \
         observe: [\"/bin/cat\", \"{0}/seen.json\"]\n        capture: [\"/bin/false\"]\n        restore: [\"/bin/false\"]\n        \
         probes:\n{probes}",
            folder.display()
        ),
    )?;
    write(
        folder,
        "seen.json",
        "{\"version\":1,\"is\":\"present\",\"code\":\"1\",\"spec\":\"\",\"label\":\"one\",\"instances\":\
         [{\"id\":\"1\",\"name\":\"app\",\"state\":\"running\",\"health\":\"unchecked\"}]}",
    )?;
    let mut watch = backout.start(folder, &["watch"])?;
    std::thread::sleep(SETTLED);
    let before = processor_ticks(watch.id())?;
    std::thread::sleep(MEASURED);
    let (ticks, memory) = (processor_ticks(watch.id())? - before, memory_mib(watch.id(), "VmRSS")?);
    for child in [&mut watch, &mut app] {
        let _ = child.kill();
        let _ = child.wait();
    }
    // The kernel counts in ticks of 10 ms.
    Ok((ticks / 100.0 / MEASURED.as_secs_f64(), memory))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Failure::file(&path))
}
