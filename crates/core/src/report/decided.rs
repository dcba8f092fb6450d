//! Decisions and fallbacks in words.

use super::timeline::{Said, said};
use crate::journal::{ActStage, FallbackSwitching};
use crate::policy::Decision;

/// A decision in a line: the choice, how bad it is, and until when a fix is waited for.
#[must_use]
pub fn decided_text(decision: &Decision) -> String {
    let choice = decision.choice.words();
    match (decision.severity(), decision.fix_by()) {
        (Some(severity), Some(by)) => format!("{choice} ({severity}): goes back at {by:.0}"),
        (Some(severity), None) => format!("{choice} ({severity})"),
        (None, _) => choice.to_owned(),
    }
}

/// Everything that spoke for a decision and against it, one line each, and the objectives.
#[must_use]
pub fn decided_details(decision: &Decision) -> Vec<String> {
    let mut lines: Vec<String> = decision.reasons_for.iter().map(|reason| format!("for: {reason}")).collect();
    lines.extend(decision.reasons_against.iter().map(|reason| format!("against: {reason}")));
    if let Some(weighed) = &decision.weighed {
        lines.push(format!("severity {}", weighed.severity_by));
        lines.extend(weighed.decide_by.map(|by| format!("to be decided by {by:.0}")));
        lines.extend(weighed.restore_by.map(|by| format!("to be good again by {by:.0}")));
    }
    lines
}

/// The switching of a fallback.
pub(super) fn fallback(switching: &FallbackSwitching) -> Said {
    let way = if switching.on { "on" } else { "off" };
    let what = format!("`{}` is switched {way} by {}", switching.name, switching.by);
    match &switching.stage {
        ActStage::Intended => said("fallback", what),
        ActStage::Done { seen } => said("fallback", format!("`{}` is {way}: {seen}", switching.name)),
        ActStage::Failed { why } => {
            said("fallback", format!("`{}` could not be switched {way}: {why}", switching.name)).bad_if(true)
        }
    }
}
