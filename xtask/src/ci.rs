//! Every check that a change must pass, one stage after the other, each with its name and its time.
//!
//! Contract: all stages run, even after one failed, so that one run tells everything. What the tests started is ended
//! again, unless it was up before.

use std::fmt;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed;
use crate::{budgets, core_manifest, generate, package, test, workspace};

/// How a stage ended.
enum Ended {
    Passed,
    /// It could not be run here, and that is no failure.
    Skipped(&'static str),
    Failed,
}

type Stage = fn() -> Result<Ended, Failure>;

const STAGES: [(&str, Stage); 9] = [
    ("format", || cargo(&["fmt", "--all", "--", "--check"])),
    ("budgets", || budgets::command().map(passed)),
    ("core-manifest", || core_manifest::command().map(passed)),
    ("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("generated files", || generate::check().map(passed)),
    ("documentation", documentation),
    ("dependencies", dependencies),
    ("test", || test::command(&[]).map(passed)),
    ("packages", packages),
];

/// `cargo xtask ci`
pub(crate) fn command() -> Result<(), Failure> {
    let was_up = testbed::status().is_ok_and(|record| record.runs_anything());
    let told = run();
    if !was_up {
        testbed::down()?;
    }
    let failed: Vec<&str> =
        told.iter().filter(|line| matches!(line.ended, Ended::Failed)).map(|line| line.name).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::Check(format!("failed: {}", failed.join(", ")))) }
}

fn run() -> Vec<Told> {
    let mut told = Vec::new();
    for (name, stage) in STAGES {
        println!("==> {name}");
        let begun = Instant::now();
        let ended = stage().unwrap_or_else(|failure| {
            println!("{failure}");
            Ended::Failed
        });
        let line = Told { name, ended, took: begun.elapsed() };
        println!("{line}\n");
        told.push(line);
    }
    told.iter().for_each(|line| println!("{line}"));
    told
}

fn passed((): ()) -> Ended {
    Ended::Passed
}

fn cargo(words: &[&str]) -> Result<Ended, Failure> {
    Call::new("cargo").args(words).folder(workspace::root()).run().map(passed)
}

fn documentation() -> Result<Ended, Failure> {
    let call = Call::new("cargo").args(["doc", "--workspace", "--no-deps", "--quiet"]).folder(workspace::root());
    call.env("RUSTDOCFLAGS", "-Dwarnings").run().map(passed)
}

fn packages() -> Result<Ended, Failure> {
    if package::tool().is_err() {
        return Ok(Ended::Skipped("cargo-deb cannot be installed here"));
    }
    package::command(&["--debug", "--check"]).map(passed)
}

fn dependencies() -> Result<Ended, Failure> {
    if Call::new("cargo").args(["deny", "--version"]).output().is_err() {
        return Ok(Ended::Skipped("cargo-deny is not installed"));
    }
    cargo(&["deny", "check", "licenses", "bans", "sources"])
}

/// One stage's line.
struct Told {
    name: &'static str,
    ended: Ended,
    took: Duration,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, reason) = match self.ended {
            Ended::Passed => ("passed", ""),
            Ended::Skipped(reason) => ("skipped", reason),
            Ended::Failed => ("FAILED", ""),
        };
        write!(f, "{:<16} {word:<8} {:>6.1} s  {reason}", self.name, self.took.as_secs_f64())
    }
}
