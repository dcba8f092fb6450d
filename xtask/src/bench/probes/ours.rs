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

/// Measures one way. The memory of each target is what it takes more than ten do.
pub(super) fn measure(site: &Site, way: &Way, few: Option<&Row>) -> Result<Row, Failure> {
    let is_tls = way.words.contains(&"tls");
    let port = if is_tls { site.port + 1 } else { site.port };
    let numbers = [u64::from(port), way.targets as u64, way.every_ms, way.seconds].map(|number| number.to_string());
    let words: Vec<String> = numbers.into_iter().chain(way.words.iter().map(|word| (*word).to_owned())).collect();
    let seen = site.probe(&words)?;
    let number = |name: &str| seen[name].as_f64();
    let resident_mib = number("resident_mib").unwrap_or(0.0);
    let more = few.map(|few| (resident_mib - few.resident_mib) * 1024.0 / (way.targets - few.targets) as f64);
    Ok(Row {
        who: way.who.to_owned(),
        targets: way.targets,
        every_s: way.every_ms as f64 / 1000.0,
        probes: number("probes").unwrap_or(0.0),
        wall_s: number("wall_s").unwrap_or(0.0),
        processor_s: number("processor_s").unwrap_or(0.0),
        resident_mib,
        kib_a_target: more,
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
