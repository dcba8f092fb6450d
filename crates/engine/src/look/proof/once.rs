//! Checks that are made once: advice from what was measured, smoke checks in their order, and those that a person makes.

use backout_core::config::Smoke;
use backout_core::detect::Sample;
use backout_core::journal::Answer;
use backout_core::policy::{Check, Verdict};

use crate::look::survey::holds;
use crate::world::World;

/// What the probes say that are advice only.
#[must_use]
pub fn advice(world: &World, samples: &[Sample]) -> Vec<Check> {
    let advise = world.environment.verify.advise.iter();
    advise.map(|signal| Check { is_advisory: true, ..holds(world, signal, samples) }).collect()
}

/// Runs the smoke checks, one after the other. One that could not be performed says so, and blames nobody.
pub async fn smoke_checks(world: &World) -> Vec<Check> {
    let mut checks = Vec::new();
    for smoke in &world.environment.verify.smoke {
        checks.extend(run(world, smoke).await);
    }
    checks
}

async fn run(world: &World, smoke: &Smoke) -> Option<Check> {
    // One that belongs to no service runs on the host, where it makes no difference which is named.
    let service = smoke.service.as_ref().or_else(|| world.environment.services.keys().next())?;
    let reading = world.prober.probe(service, &smoke.probe).await;
    let verdict = match reading.outcome.holds() {
        Some(true) => Verdict::Healthy,
        Some(false) => Verdict::Unhealthy,
        None => Verdict::Unmeasurable,
    };
    let name = format!("smoke check {}", smoke.probe.name);
    let what = reading.outcome.what();
    Some(Check { name, verdict, what, was_red_before: false, is_advisory: smoke.is_advisory })
}

/// The checks that only a person can make, with what was answered: the newest answer counts.
#[must_use]
pub fn manual_checks(world: &World, answers: &[Answer]) -> Vec<Check> {
    let check = |(name, question): (&String, &String)| {
        let (verdict, what) = match answers.iter().rev().find(|answer| answer.check == *name) {
            Some(Answer { holds: true, by, .. }) => (Verdict::Healthy, format!("{question}: yes, says {by}")),
            Some(Answer { by, .. }) => (Verdict::Unhealthy, format!("{question}: no, says {by}")),
            None => (Verdict::Inconclusive, format!("{question}: open; `backout verify --answer {name}=yes` or `=no`")),
        };
        Check { name: format!("manual check {name}"), verdict, what, was_red_before: false, is_advisory: false }
    };
    world.environment.verify.manual.iter().map(check).collect()
}
