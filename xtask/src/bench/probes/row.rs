//! One line of the table: who probed how much, and what it took.

use serde_json::{Value, json};

/// What was measured of one prober.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) who: String,
    pub(super) targets: usize,
    pub(super) every_s: f64,
    pub(super) probes: f64,
    pub(super) wall_s: f64,
    pub(super) processor_s: f64,
    pub(super) resident_mib: f64,
    /// Of the memory, what each target adds.
    pub(super) kib_a_target: Option<f64>,
    pub(super) late_ms: Option<(f64, f64)>,
    pub(super) failed: Option<f64>,
    pub(super) not_measured: Option<f64>,
    pub(super) skipped: Option<f64>,
}

pub(super) const HEAD: &str = "\
| who | targets | each | probes/s | probes per processor-second | memory | a target | late: half, 99 % | false failures | not measured | skipped |
|---|---|---|---|---|---|---|---|---|---|---|";

impl Row {
    /// Probes for each second of processor time.
    pub(super) fn per_processor_second(&self) -> f64 {
        self.probes / self.processor_s.max(0.01)
    }

    pub(super) fn line(&self) -> String {
        let some = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"));
        let kib = self.kib_a_target.map_or_else(|| "-".to_owned(), |kib| format!("{kib:.1} KiB"));
        let late = self.late_ms.map_or_else(|| "-".to_owned(), |(half, most)| format!("{half:.1} ms, {most:.1} ms"));
        format!(
            "| {} | {} | {} s | {:.0} | {:.0} | {:.1} MiB | {kib} | {late} | {} | {} | {} |",
            self.who,
            self.targets,
            self.every_s,
            self.probes / self.wall_s,
            self.per_processor_second(),
            self.resident_mib,
            some(self.failed),
            some(self.not_measured),
            some(self.skipped),
        )
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "who": self.who, "targets": self.targets, "every_s": self.every_s, "probes": self.probes,
            "probes_per_s": self.probes / self.wall_s, "probes_per_processor_s": self.per_processor_second(),
            "wall_s": self.wall_s, "processor_s": self.processor_s, "resident_mib": self.resident_mib,
            "kib_a_target": self.kib_a_target, "late_p50_ms": self.late_ms.map(|late| late.0),
            "late_p99_ms": self.late_ms.map(|late| late.1), "failed": self.failed,
            "not_measured": self.not_measured, "skipped": self.skipped,
        })
    }
}
