//! The goals, and whether they were met.

use super::command::Measured;
use super::row::Row;

/// A line for each goal.
pub(super) fn of(measured: &Measured) -> Vec<String> {
    let mut goals = fast(measured);
    goals.extend([frugal("4 KiB a target and 60 MiB in all, at any time", &measured.fresh)]);
    goals.extend([frugal("the same with connections that are kept", &measured.kept), crowded(&measured.crowded)]);
    goals.extend(against(measured));
    goals
}

fn line(goal: &str, measured: String, is_met: bool) -> String {
    format!("| {goal} | {measured} | {} |", if is_met { "met" } else { "**missed**" })
}

fn late(row: &Row) -> f64 {
    row.late_ms.map_or(f64::INFINITY, |late| late.1)
}

fn fast(measured: &Measured) -> Vec<String> {
    let (fresh, kept) = (&measured.fresh, &measured.kept);
    let [rate, rate_kept] = [fresh, kept].map(Row::per_processor_second);
    let goal = "10,000 probes a second on a core, each over a new connection";
    vec![
        line(goal, format!("{rate:.0}"), rate >= 10_000.0),
        line("no false failure", format!("{:.0}", fresh.failed.unwrap_or(0.0)), fresh.failed == Some(0.0)),
        line("99 % begin within 50 ms", format!("{:.1} ms", late(fresh)), late(fresh) <= 50.0),
        line("25,000 over connections that are kept", format!("{rate_kept:.0}"), rate_kept >= 25_000.0),
    ]
}

fn frugal(goal: &str, row: &Row) -> String {
    let (each, all) = (row.kib_a_target.unwrap_or(f64::INFINITY), row.peak_mib);
    line(goal, format!("{each:.1} KiB, {all:.1} MiB"), each <= 4.0 && all <= 60.0)
}

fn crowded(row: &Row) -> String {
    let (failed, every_ms) = (row.failed.unwrap_or(f64::INFINITY), row.every_s * 1000.0);
    let skipped = row.skipped.unwrap_or(0.0);
    line(
        "twice what a core can do: none said to be down, what is skipped is counted, 99 % begin within an interval",
        format!("{failed:.0} said, {skipped:.0} skipped, {:.1} ms of {every_ms:.0} ms", late(row)),
        failed == 0.0 && skipped > 0.0 && late(row) <= every_ms,
    )
}

/// What the others do with the same, where they are installed.
fn against(measured: &Measured) -> Vec<String> {
    let rate = measured.fresh.per_processor_second();
    let blackbox = measured.blackbox.as_ref().map(|rows| {
        let [alone, both] = [&rows[0], &rows[1]].map(|row| rate / row.per_processor_second());
        let measured = format!("{alone:.1} times, {both:.1} with the Prometheus that drives it");
        line("8 times what `prometheus-blackbox-exporter` does with a processor", measured, alone >= 8.0)
    });
    let haproxy = measured.haproxy.as_ref().map(|row| {
        let times = rate / row.per_processor_second();
        line("0.6 of what HAProxy does", format!("{times:.2}"), times >= 0.6)
    });
    blackbox.into_iter().chain(haproxy).collect()
}
