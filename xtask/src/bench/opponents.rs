//! Those who recover, each from the death of the same bad container.

use std::time::{Duration, SystemTime};

use super::project::{BAD, GOOD, Project};
use super::stage::Backout;
use super::watch::{Deaths, healthy};
use crate::failure::Failure;
use crate::process::Call;

/// What the usual script waits between two health checks, and after its `up`.
const SCRIPT_WAITS: Duration = Duration::from_secs(30);
/// After which nobody is waited for any longer.
const LIMIT: Duration = Duration::from_secs(180);

/// One recovery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recovery {
    /// From the bad container's death until the old version answers healthy, seen from outside.
    pub(crate) serving: Duration,
    /// Until whoever recovered it says so, having verified it by their own means.
    pub(crate) verified: Duration,
}

fn since(death: SystemTime, at: SystemTime) -> Duration {
    at.duration_since(death).unwrap_or_default()
}

/// `backout guard`.
pub(crate) fn backout(backout: &Backout, project: &Project) -> Result<Recovery, Failure> {
    project.good()?;
    project.choose(BAD)?;
    let deaths = Deaths::of(BAD)?;
    let guard = backout.guard(project)?;
    let death = deaths.first()?;
    let serving = since(death, healthy(project.port, "1", LIMIT)?);
    let code = guard.wait()?;
    let verified = since(death, SystemTime::now());
    match code {
        Some(3) => Ok(Recovery { serving, verified }),
        other => Err(Failure::Check(format!("backout guard ended with {other:?}, expected 3"))),
    }
}

/// Somebody who stands ready and types `docker compose up -d` with the old image the moment the container dies: the floor.
pub(crate) fn by_hand(project: &Project) -> Result<Recovery, Failure> {
    project.good()?;
    project.choose(BAD)?;
    let deaths = Deaths::of(BAD)?;
    project.compose_call(&["up", "-d"]).output()?;
    let death = deaths.first()?;
    project.choose(GOOD)?;
    project.compose_call(&["up", "-d"]).output()?;
    let serving = since(death, healthy(project.port, "1", LIMIT)?);
    Ok(Recovery { serving, verified: serving })
}

/// The script of the runbooks: a health check every 30 s, then down, the old version, up, and 30 s of waiting. Where in its
/// interval the container dies is even: this takes the middle.
pub(crate) fn script(project: &Project) -> Result<Recovery, Failure> {
    project.good()?;
    project.choose(BAD)?;
    let deaths = Deaths::of(BAD)?;
    project.compose_call(&["up", "-d"]).output()?;
    let death = deaths.first()?;
    std::thread::sleep(SCRIPT_WAITS / 2);
    project.compose_call(&["down"]).output()?;
    project.choose(GOOD)?;
    project.compose_call(&["up", "-d"]).output()?;
    let serving = since(death, healthy(project.port, "1", LIMIT)?);
    std::thread::sleep(SCRIPT_WAITS);
    healthy(project.port, "1", LIMIT)?;
    Ok(Recovery { serving, verified: since(death, SystemTime::now()) })
}

/// Docker Swarm's own rollback of a failed update.
pub(crate) fn swarm(port: u16) -> Result<Recovery, Failure> {
    let docker = |words: &[&str]| Call::new("docker").args(words).output();
    let publish = format!("mode=host,published={port},target=8080");
    docker(&[
        "service",
        "create",
        "--quiet",
        "--detach",
        "--name",
        "backout-bench",
        "--no-resolve-image",
        "--publish",
        &publish,
        "--update-failure-action",
        "rollback",
        "--update-monitor",
        "5s",
        "--stop-grace-period",
        "10s",
        GOOD,
    ])?;
    let recovered = swarm_update(port);
    docker(&["service", "rm", "backout-bench"])?;
    recovered
}

fn swarm_update(port: u16) -> Result<Recovery, Failure> {
    healthy(port, "1", LIMIT)?;
    let deaths = Deaths::of(BAD)?;
    let update = ["service", "update", "--quiet", "--detach", "--no-resolve-image", "--image", BAD, "backout-bench"];
    Call::new("docker").args(update).output()?;
    let death = deaths.first()?;
    let serving = since(death, healthy(port, "1", LIMIT)?);
    let done = |state: &str| state.contains("rollback_completed");
    while !done(
        &Call::new("docker").args(["service", "inspect", "-f", "{{.UpdateStatus.State}}", "backout-bench"]).output()?,
    ) {
        if since(death, SystemTime::now()) > LIMIT {
            return Err(Failure::Check("swarm did not complete its rollback".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Recovery { serving, verified: since(death, SystemTime::now()) })
}
