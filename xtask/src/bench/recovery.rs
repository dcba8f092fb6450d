//! `cargo xtask bench recovery`: one table, one run, one machine, one application.

use std::time::Duration;

use super::opponents::{Recovery, backout, by_hand, script, swarm};
use super::project::{Project, free_port};
use super::spread::Spread;
use super::stage::Backout;
use super::{machine, rest};
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// Repetitions; the script and the swarm take minutes each.
const TIMES: usize = 5;
const SLOW_TIMES: usize = 2;

/// Measures and prints the tables in Markdown.
pub(crate) fn command() -> Result<(), Failure> {
    let folder = workspace::target().join("bench");
    let program = Backout::build()?;
    println!("{}\n", machine()?);
    let project = Project::new(&folder.join("recovery"), "backout-bench")?;
    let floor = repeat(TIMES, || by_hand(&project))?;
    let ours = repeat(TIMES, || backout(&program, &project))?;
    let scripted = repeat(SLOW_TIMES, || script(&project))?;
    let swarmed = with_swarm()?;
    println!(
        "| who | times | until serving: median (min to max) | until verified: median (min to max) | serving, to the floor |"
    );
    println!("|---|---|---|---|---|");
    let base = spread(&floor, |r| r.serving).median();
    for (who, recoveries) in [
        ("`backout guard`", &ours),
        ("by hand, at once: `docker compose up -d`", &floor),
        ("the usual script: check every 30 s, down, up, wait 30 s", &scripted),
        ("Docker Swarm, `--update-failure-action rollback`", &swarmed),
    ] {
        println!("{}", row(who, recoveries, base));
    }
    at_rest(&program, &folder)
}

fn at_rest(program: &Backout, folder: &std::path::Path) -> Result<(), Failure> {
    let status = Spread::of(rest::status(program, &folder.join("status"), TIMES)?);
    let (cpu, memory) = rest::watch(program, &folder.join("watch"))?;
    println!("\n| at rest | measured |\n|---|---|");
    println!("| `backout status`, 50 services | {status} |");
    println!("| idle `backout watch`, 100 targets | {:.2} % of a core, {memory:.1} MiB |", cpu * 100.0);
    Ok(())
}

fn repeat(times: usize, recover: impl Fn() -> Result<Recovery, Failure>) -> Result<Vec<Recovery>, Failure> {
    (0..times).map(|_| recover()).collect()
}

fn with_swarm() -> Result<Vec<Recovery>, Failure> {
    let docker = |words: &[&str]| Call::new("docker").args(words).output();
    docker(&["swarm", "init", "--advertise-addr", "127.0.0.1"])?;
    let measured = free_port().and_then(|port| repeat(SLOW_TIMES + 1, || swarm(port)));
    docker(&["swarm", "leave", "--force"])?;
    measured
}

fn machine() -> Result<String, Failure> {
    let line = |words: &[&str]| Call::new("docker").args(words).output().map(|text| text.trim().to_owned());
    Ok(format!(
        "{}; Docker Engine {}; Compose {}",
        machine::words()?,
        line(&["version", "--format", "{{.Server.Version}}"])?,
        line(&["compose", "version", "--short"])?
    ))
}

fn spread(recoveries: &[Recovery], of: impl Fn(&Recovery) -> Duration) -> Spread {
    Spread::of(recoveries.iter().map(of))
}

fn row(who: &str, recoveries: &[Recovery], base: f64) -> String {
    let (serving, verified) = (spread(recoveries, |r| r.serving), spread(recoveries, |r| r.verified));
    let ratio = serving.median() / base;
    format!("| {who} | {} | {serving} | {verified} | {ratio:.2} |", recoveries.len())
}
