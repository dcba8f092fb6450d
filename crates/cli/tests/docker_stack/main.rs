//! A stack of six services with dependencies, on real Docker Compose: all of it, one of it, in batches, in a hurry.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

mod emergency;
mod gradual;
mod leftover;
mod mixed;
mod restarted;
mod whole;

use std::collections::BTreeMap;

use backout_testkit::guarded::{Guarded, JournalRecord, Service};

/// The stack, as a small shop has it.
const SERVICES: [Service; 6] = [
    Service::new("db"),
    Service::new("cache"),
    Service::new("api").depends_on(&["db", "cache"]),
    Service::new("worker").depends_on(&["db", "cache"]),
    Service::new("web").depends_on(&["api"]),
    Service::new("lb").depends_on(&["web"]),
];

/// What deploys here change: all but `cache`.
const CHANGED: [&str; 5] = ["db", "api", "worker", "web", "lb"];

/// The stack, up and known to be good, and the image that all of it runs.
fn running_well(test: &str) -> Option<(Guarded, String)> {
    let mut guarded = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &SERVICES)?;
    guarded.configure("soak: 10s, dead_man: 5s");
    guarded.start_well();
    let good = guarded.one("db").image;
    Some((guarded, good))
}

/// The container ids, by service.
fn ids(guarded: &Guarded) -> BTreeMap<&'static str, String> {
    guarded.names().map(|name| (name, guarded.one(name).id)).collect()
}

/// The services in the order in which their switches were begun.
fn switched(records: &[JournalRecord]) -> Vec<String> {
    let plan = records.iter().rev().find(|record| record.kind == "plan_made").unwrap();
    let steps = plan.body["plan"]["steps"].as_array().unwrap();
    let service = |record: &JournalRecord| {
        let step = steps.iter().find(|step| step["id"] == record.body["step"])?;
        Some(step["action"]["to"]["service"].as_str()?.to_owned())
    };
    records.iter().filter(|record| record.kind == "step_intended").filter_map(service).collect()
}

/// What git answers.
#[expect(clippy::disallowed_methods, reason = "the test makes the work tree as a person would")]
fn git(arguments: &[&str]) -> String {
    let output = std::process::Command::new("git").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
