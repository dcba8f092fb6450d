//! `backout`'s scheduler and client, as the bench's own program runs them.

use serde_json::Value;

use super::row::Row;
use super::site::Site;
use crate::failure::Failure;

/// How it probes.
pub(super) struct Way {
    pub(super) who: &'static str,
    pub(super) words: &'static [&'static str],
    pub(super) targets: usize,
    pub(super) every_ms: u64,
    pub(super) seconds: u64,
}

/// Measures one way so many times. The memory of each target is what it takes more than few do.
pub(super) fn measure(site: &Site, way: &Way, (few, times): (&Row, usize)) -> Result<Row, Failure> {
    let runs: Result<Vec<Row>, Failure> = (0..times)
        .map(|_| {
            let row = once(site, way)?;
            Ok(Row { kib_a_target: Some(row.kib_more(few)), ..row })
        })
        .collect();
    runs.map(Row::of_runs)
}

/// Measures one way, without what each target adds.
pub(super) fn once(site: &Site, way: &Way) -> Result<Row, Failure> {
    let is_tls = way.words.contains(&"tls");
    let port = if is_tls { site.port + 1 } else { site.port };
    let numbers = [u64::from(port), way.targets as u64, way.every_ms, way.seconds].map(|number| number.to_string());
    let words: Vec<String> = numbers.into_iter().chain(way.words.iter().map(|word| (*word).to_owned())).collect();
    let seen = site.probe(&words)?;
    let number = |name: &str| seen[name].as_f64();
    Ok(Row {
        who: way.who.to_owned(),
        targets: way.targets,
        every_s: way.every_ms as f64 / 1000.0,
        probes: number("probes").unwrap_or(0.0),
        wall_s: number("wall_s").unwrap_or(0.0),
        processor_s: number("processor_s").unwrap_or(0.0),
        resident_mib: number("resident_mib").unwrap_or(0.0),
        peak_mib: number("peak_mib").unwrap_or(0.0),
        kib_a_target: None,
        late_ms: Some((late(&seen, "late_p50_ms"), late(&seen, "late_p99_ms"))),
        failed: number("failed"),
        not_measured: number("not_measured"),
        skipped: number("skipped"),
    })
}

/// JSON has no infinity: what is beyond the last edge is said as `null`.
fn late(seen: &Value, name: &str) -> f64 {
    seen[name].as_f64().unwrap_or(f64::INFINITY)
}
