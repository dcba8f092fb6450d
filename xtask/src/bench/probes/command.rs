//! The command: everything in turn, then the tables.

use std::time::Duration;

use serde_json::json;

use super::ours::Way;
use super::row::{HEAD, Row};
use super::site::Site;
use super::{blackbox, haproxy, ours};
use crate::bench::machine;
use crate::failure::Failure;

/// How much of it.
struct Size {
    targets: usize,
    seconds: u64,
    blackbox_every: u64,
}

const FULL: Size = Size { targets: 10_000, seconds: 20, blackbox_every: 15 };
const SMOKE: Size = Size { targets: 500, seconds: 3, blackbox_every: 3 };

/// Everything that was measured.
struct Measured {
    fresh: Row,
    kept: Row,
    others: Vec<Row>,
    crowded: Row,
    blackbox: Option<[Row; 2]>,
    haproxy: Option<Row>,
    skipped: Vec<&'static str>,
}

pub(crate) fn command(arguments: &[&str]) -> Result<(), Failure> {
    let size = if arguments.contains(&"--smoke") { SMOKE } else { FULL };
    if let Some(other) = arguments.iter().find(|word| !["--smoke", "--json"].contains(word)) {
        return Err(Failure::Usage(format!("`{other}` is no option of `bench probes`")));
    }
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
    measured.goals(&size).iter().for_each(|goal| println!("{goal}"));
    Ok(())
}

fn measure(site: &mut Site, size: &Size) -> Result<Measured, Failure> {
    let (targets, seconds) = (size.targets, size.seconds);
    let few = Way { who: "ten targets", words: &[], targets: 10, every_ms: 1000, seconds: 1 };
    let few = ours::measure(site, &few, None)?;
    let fresh = Way { who: "`backout`, a new connection each", words: &[], targets, every_ms: 1000, seconds };
    let fresh = ours::measure(site, &fresh, Some(&few))?;
    let kept = Way { who: "`backout`, `connection: reuse`", words: &["reuse"], targets, every_ms: 1000, seconds };
    let kept = ours::measure(site, &kept, Some(&few))?;
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
            others.push(ours::measure(site, &way, Some(&few))?);
        }
    }
    // What one core can do by the row before, and twice that.
    let every_ms = (targets as f64 * 1000.0 / (2.0 * kept.per_processor_second())).floor().max(1.0) as u64;
    let crowded =
        Way { who: "the same, asked for twice what a core can do", words: &["reuse"], targets, every_ms, seconds };
    let crowded = ours::measure(site, &crowded, Some(&few))?;
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

    /// The goals, and whether they were met.
    fn goals(&self, size: &Size) -> Vec<String> {
        let line = |goal: &str, measured: String, is_met: bool| {
            format!("| {goal} | {measured} | {} |", if is_met { "met" } else { "**missed**" })
        };
        let late = |row: &Row| row.late_ms.map_or(f64::INFINITY, |late| late.1);
        let (fresh, kept, crowded) = (&self.fresh, &self.kept, &self.crowded);
        let rate = fresh.per_processor_second();
        let mut goals = vec![
            line(
                "10,000 probes a second on a core, each over a new connection",
                format!("{rate:.0}"),
                rate >= 10_000.0,
            ),
            line("no false failure", format!("{:.0}", fresh.failed.unwrap_or(0.0)), fresh.failed == Some(0.0)),
            line("99 % begin within 50 ms", format!("{:.1} ms", late(fresh)), late(fresh) <= 50.0),
            line(
                "25,000 over connections that are kept",
                format!("{:.0}", kept.per_processor_second()),
                kept.per_processor_second() >= 25_000.0,
            ),
            line(
                "at most 4 KiB a target, and 60 MiB in all",
                format!("{:.1} KiB, {:.1} MiB", fresh.kib_a_target.unwrap_or(0.0), fresh.resident_mib),
                fresh.kib_a_target.unwrap_or(0.0) <= 4.0 && fresh.resident_mib <= 60.0,
            ),
            line(
                "the same with connections that are kept",
                format!("{:.1} KiB, {:.1} MiB", kept.kib_a_target.unwrap_or(0.0), kept.resident_mib),
                kept.kib_a_target.unwrap_or(0.0) <= 4.0 && kept.resident_mib <= 60.0,
            ),
            line(
                "twice what a core can do: none said to be down, 99 % begin within an interval",
                format!(
                    "{:.0} said, {:.1} ms of {:.0} ms",
                    crowded.failed.unwrap_or(0.0),
                    late(crowded),
                    crowded.every_s * 1000.0
                ),
                crowded.failed == Some(0.0) && late(crowded) <= crowded.every_s * 1000.0,
            ),
        ];
        if let Some([alone, both]) = &self.blackbox {
            let times = [alone, both].map(|row| rate / row.per_processor_second());
            goals.push(line(
                "8 times what `prometheus-blackbox-exporter` does with a processor",
                format!("{:.1} times, {:.1} with the Prometheus that drives it", times[0], times[1]),
                times[0] >= 8.0,
            ));
        }
        if let Some(haproxy) = &self.haproxy {
            let times = rate / haproxy.per_processor_second();
            goals.push(line("0.6 of what HAProxy does", format!("{times:.2}"), times >= 0.6));
        }
        if size.targets < FULL.targets {
            goals.push(format!("\nWith {} targets only: the goals are for {}.", size.targets, FULL.targets));
        }
        goals
    }
}
