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
    /// Resident memory at the end.
    pub(super) resident_mib: f64,
    /// Resident memory at most, the first round and whatever went wrong included.
    pub(super) peak_mib: f64,
    /// Of the memory at most, what each target adds.
    pub(super) kib_a_target: Option<f64>,
    pub(super) late_ms: Option<(f64, f64)>,
    pub(super) failed: Option<f64>,
    pub(super) not_measured: Option<f64>,
    pub(super) skipped: Option<f64>,
}

pub(super) const HEAD: &str = "\
| who | targets | each | probes/s | probes per processor-second | memory | at most | a target | late: half, 99 % | false failures | not measured | skipped |
|---|---|---|---|---|---|---|---|---|---|---|---|";

impl Row {
    /// Probes for each second of processor time.
    pub(super) fn per_processor_second(&self) -> f64 {
        self.probes / self.processor_s.max(0.01)
    }

    /// Of several runs: the middle one by how much it did with a processor, with the worst of everything else.
    pub(super) fn of_runs(mut runs: Vec<Self>) -> Self {
        runs.sort_by(|a, b| a.per_processor_second().total_cmp(&b.per_processor_second()));
        let worst = |of: fn(&Self) -> Option<f64>| runs.iter().filter_map(of).max_by(f64::total_cmp);
        let late = worst(|row| Some(row.late_ms?.0)).zip(worst(|row| Some(row.late_ms?.1)));
        let middle = runs.get(runs.len() / 2).cloned().unwrap_or_default();
        Self {
            resident_mib: worst(|row| Some(row.resident_mib)).unwrap_or_default(),
            peak_mib: worst(|row| Some(row.peak_mib)).unwrap_or_default(),
            kib_a_target: worst(|row| row.kib_a_target),
            late_ms: late,
            failed: worst(|row| row.failed),
            not_measured: worst(|row| row.not_measured),
            skipped: worst(|row| row.skipped),
            ..middle
        }
    }

    /// What each target adds to the memory of a prober that has few of them.
    pub(super) fn kib_more(&self, few: &Self) -> f64 {
        (self.peak_mib - few.peak_mib) * 1024.0 / (self.targets - few.targets) as f64
    }

    pub(super) fn line(&self) -> String {
        let some = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"));
        let kib = self.kib_a_target.map_or_else(|| "-".to_owned(), |kib| format!("{kib:.1} KiB"));
        let late = self.late_ms.map_or_else(|| "-".to_owned(), |(half, most)| format!("{half:.1} ms, {most:.1} ms"));
        format!(
            "| {} | {} | {} s | {:.0} | {:.0} | {:.1} MiB | {:.1} MiB | {kib} | {late} | {} | {} | {} |",
            self.who,
            self.targets,
            self.every_s,
            self.probes / self.wall_s,
            self.per_processor_second(),
            self.resident_mib,
            self.peak_mib,
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
            "peak_mib": self.peak_mib,             "kib_a_target": self.kib_a_target, "late_p50_ms": self.late_ms.map(|late| late.0),
            "late_p99_ms": self.late_ms.map(|late| late.1), "failed": self.failed,
            "not_measured": self.not_measured, "skipped": self.skipped,
        })
    }
}
