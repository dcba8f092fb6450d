//! What a drill will do, for the person who is asked.

use std::time::Duration;

use backout_core::journal::Drill;
use backout_core::port::Store;
use backout_core::report::DrillReport;
use backout_engine::estimates;

use super::past::seconds;
use crate::error::CliError;
use crate::wire::Setup;

/// The drill as a numbered list, with how long it took before.
pub(super) async fn shown(
    setup: &Setup,
    drill: &Drill,
    breaks: &[String],
    past: &[DrillReport],
) -> Result<String, CliError> {
    let records = setup.store.records(&setup.environment.name, &["plan_made", "step_ended"]).await?;
    let estimates = estimates(&records);
    let median = |kind| estimates.median_ms(kind, Some(&drill.service));
    let took = median("switch").map(|switch| Duration::from_millis(switch + median("await_healthy").unwrap_or(0)));
    let mut lines = vec![
        "what runs is checked and recorded as a checkpoint; nothing is broken unless it is good".to_owned(),
        "a switch is armed that puts everything back where this process dies".to_owned(),
    ];
    lines.extend(breaks.iter().cloned());
    let within = Duration::from_millis(drill.within_ms);
    lines.push(format!("it is waited for what notices, {} at most", text(within)));
    lines.push(format!("`{}` goes back to the checkpoint, and is verified{}", drill.service, estimate(took)));
    let mut all: Vec<String> = lines.iter().enumerate().map(|(at, line)| format!("{}. {line}", at + 1)).collect();
    all.insert(
        0,
        format!("A drill in `{}`, in which `{}` fails for its users:", setup.environment.name, drill.service),
    );
    if let Some(last) = past.iter().rev().find(|report| report.is_good && report.service == drill.service) {
        let in_all = last.in_all_ms.map(seconds).unwrap_or_default();
        all.push(format!("The last good drill of it took {in_all} from broken to verified ({}).", last.how));
    }
    if let Some(objective) = drill.objective_ms {
        all.push(format!("It may take {}.", text(Duration::from_millis(objective))));
    }
    Ok(all.join("\n"))
}

fn estimate(took: Option<Duration>) -> String {
    took.map(|took| format!(", which took {} before", text(took))).unwrap_or_default()
}

fn text(time: Duration) -> String {
    seconds(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
