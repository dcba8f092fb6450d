//! The command: everything in turn, then the tables.

use std::time::Duration;

use serde_json::json;

use super::ours::Way;
use super::row::{HEAD, Row};
use super::site::Site;
use super::{blackbox, goals, haproxy, ours, room};
use crate::bench::machine;
use crate::failure::Failure;

/// How much of it.
struct Size {
    targets: usize,
    seconds: u64,
    /// How often what the goals are about is measured.
    runs: usize,
    blackbox_every: u64,
}

const FULL: Size = Size { targets: 10_000, seconds: 30, runs: 3, blackbox_every: 15 };
const SMOKE: Size = Size { targets: 500, seconds: 3, runs: 1, blackbox_every: 3 };

/// Everything that was measured.
pub(super) struct Measured {
    pub(super) fresh: Row,
    pub(super) kept: Row,
    others: Vec<Row>,
    pub(super) crowded: Row,
    pub(super) blackbox: Option<[Row; 2]>,
    pub(super) haproxy: Option<Row>,
    skipped: Vec<&'static str>,
}

pub(crate) fn command(arguments: &[&str]) -> Result<(), Failure> {
    let size = if arguments.contains(&"--smoke") { SMOKE } else { FULL };
    if let Some(other) = arguments.iter().find(|word| !["--smoke", "--json"].contains(word)) {
        return Err(Failure::Usage(format!("`{other}` is no option of `bench probes`")));
    }
    room::check(size.targets, size.seconds * size.runs as u64)?;
    let mut site = Site::start()?;
    let load = machine::load()?;
    let measured = measure(&mut site, &size)?;
    if arguments.contains(&"--json") {
        measured.rows().for_each(|row| println!("{}", row.json()));
        measured.skipped.iter().for_each(|name| println!("{}", json!({ "who": name, "skipped": "not installed" })));
        return Ok(());
    }
    println!("{}; load average {load} at the start, {} at the end\n", machine::words()?, machine::load()?);
    println!("{HEAD}");
    measured.rows().for_each(|row| println!("{}", row.line()));
    measured.skipped.iter().for_each(|name| println!("\n`{name}` is not installed here and was not measured."));
    println!("\n| goal | measured | |\n|---|---|---|");
    goals::of(&measured).iter().for_each(|goal| println!("{goal}"));
    if size.targets < FULL.targets {
        println!("\nWith {} targets only: the goals are for {}.", size.targets, FULL.targets);
    }
    Ok(())
}

fn measure(site: &mut Site, size: &Size) -> Result<Measured, Failure> {
    let (targets, seconds) = (size.targets, size.seconds);
    let few = Way { who: "ten targets", words: &[], targets: 10, every_ms: 1000, seconds: 1 };
    let few = ours::once(site, &few)?;
    let fresh = Way { who: "`backout`, a new connection each", words: &[], targets, every_ms: 1000, seconds };
    let fresh = ours::measure(site, &fresh, (&few, size.runs))?;
    let kept = Way { who: "`backout`, `connection: reuse`", words: &["reuse"], targets, every_ms: 1000, seconds };
    let kept = ours::measure(site, &kept, (&few, size.runs))?;
    let mut others = Vec::new();
    if site.has_tls() {
        let (fewer, shorter) = ((targets / 10).max(100), seconds.div_ceil(2));
        let ways: [(&str, &[&str]); 3] = [
            ("`backout`, TLS, a new connection each", &["tls"]),
            ("`backout`, TLS, `connection: reuse`", &["tls", "reuse"]),
            ("`backout`, HTTP/2 over TLS, `connection: reuse`", &["tls", "reuse", "http2"]),
        ];
        for (who, words) in ways {
            let way = Way { who, words, targets: fewer, every_ms: 1000, seconds: shorter };
            others.push(ours::measure(site, &way, (&few, 1))?);
        }
    }
    // What one core can do by the row before, and twice that.
    let every_ms = (targets as f64 * 1000.0 / (2.0 * kept.per_processor_second())).floor().max(1.0) as u64;
    let crowded =
        Way { who: "the same, asked for twice what a core can do", words: &["reuse"], targets, every_ms, seconds };
    let crowded = ours::measure(site, &crowded, (&few, 1))?;
    let (every, measured) = (Duration::from_secs(size.blackbox_every), Duration::from_secs(size.blackbox_every * 2));
    let blackbox = blackbox::measure(site, &blackbox::Size { targets, every, measured })?;
    let haproxy = haproxy::measure(site, targets, Duration::from_secs(seconds))?;
    let skipped = [blackbox.as_ref().err(), haproxy.as_ref().err()].into_iter().flatten().copied().collect();
    Ok(Measured { fresh, kept, others, crowded, blackbox: blackbox.ok(), haproxy: haproxy.ok(), skipped })
}

impl Measured {
    fn rows(&self) -> impl Iterator<Item = &Row> {
        let ours = [&self.fresh, &self.kept].into_iter().chain(&self.others).chain([&self.crowded]);
        ours.chain(self.blackbox.iter().flatten()).chain(&self.haproxy)
    }
}
