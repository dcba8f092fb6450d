//! `cargo xtask bench recovery`: one table, one run, one machine, one application.

use std::time::Duration;

use super::opponents::{Recovery, backout, by_hand, script, swarm};
use super::project::{Project, free_port};
use super::rest;
use super::stage::Backout;
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
    let base = middle(&floor, |r| r.serving);
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
    let mut status = rest::status(program, &folder.join("status"), TIMES)?;
    status.sort_unstable();
    let (cpu, memory) = rest::watch(program, &folder.join("watch"))?;
    println!("\n| at rest | measured |\n|---|---|");
    println!("| `backout status`, 50 services | {} |", range(&status));
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
    let line =
        |program: &str, words: &[&str]| Call::new(program).args(words).output().map(|text| text.trim().to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(format!(
        "{}; {cores} cores; kernel {}; Docker Engine {}; Compose {}",
        line("date", &["-u", "+%Y-%m-%d"])?,
        line("uname", &["-r"])?,
        line("docker", &["version", "--format", "{{.Server.Version}}"])?,
        line("docker", &["compose", "version", "--short"])?
    ))
}

fn sorted(recoveries: &[Recovery], of: impl Fn(&Recovery) -> Duration) -> Vec<Duration> {
    let mut all: Vec<Duration> = recoveries.iter().map(of).collect();
    all.sort_unstable();
    all
}

fn middle(recoveries: &[Recovery], of: impl Fn(&Recovery) -> Duration) -> Duration {
    let all = sorted(recoveries, of);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn range(all: &[Duration]) -> String {
    let at = |place: usize| all.get(place).copied().unwrap_or_default().as_secs_f64();
    format!("{:.3} s ({:.3} to {:.3})", at(all.len() / 2), at(0), at(all.len().saturating_sub(1)))
}

fn row(who: &str, recoveries: &[Recovery], base: Duration) -> String {
    let (serving, verified) = (sorted(recoveries, |r| r.serving), sorted(recoveries, |r| r.verified));
    let ratio = middle(recoveries, |r| r.serving).as_secs_f64() / base.as_secs_f64();
    format!("| {who} | {} | {} | {} | {ratio:.2} |", recoveries.len(), range(&serving), range(&verified))
}
