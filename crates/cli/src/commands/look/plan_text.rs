//! A plan as people read it: like a diff first, then the steps, then why, and what stands in the way.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::FileRef;
use backout_core::plan::{Action, Part, Plan, Step, StepClass, Switch, explain, restored_bytes};
use backout_core::policy::{Refusal, RefusalName};
use backout_core::report::bytes_text;

use super::data_text::{data_lines, ladder_lines};
use crate::ui::{Paint, ago, count, date_time, labelled, span};

/// The whole plan in words, with how long it may take by what was agreed, and what is worth knowing before it runs.
pub(crate) fn plan_text(plan: &Plan, agreed: Option<Duration>, notes: &BTreeMap<ServiceName, Vec<String>>) -> String {
    let mut lines = head(plan);
    lines.push(String::new());
    lines.extend(plan.steps.iter().flat_map(|step| changed_lines(&step.action)));
    lines.extend(plan.unchanged.iter().map(|service| format!("  = {service}")));
    if !plan.steps.is_empty() {
        lines.push(String::new());
        let expected = expected(plan.estimate_ms(), agreed);
        lines.push(format!("{} ({expected}):", count(plan.steps.len(), "step")));
        lines.extend(plan.steps.iter().flat_map(step_lines));
    }
    lines.extend(plan.data.iter().flat_map(|ladder| ladder_lines(ladder, plan)));
    if !notes.is_empty() {
        lines.push(String::new());
        lines.push("worth knowing:".to_owned());
        let each = notes.iter().flat_map(|(service, notes)| notes.iter().map(move |note| (service, note)));
        lines.extend(each.map(|(service, note)| format!("  {service}: {note}")));
    }
    lines.push(String::new());
    lines.push("why:".to_owned());
    lines.extend(plan.reasons.iter().map(|reason| format!("  {reason}")));
    lines.extend(plan.overridden.iter().map(overridden_line));
    if let Some(needed) = &plan.approvals {
        let (people, minutes) = (needed.people, needed.within_ms.div_ceil(60_000));
        lines.push(format!("  {people} people must agree before {}: it waits for them for {minutes} min", needed.what));
    }
    if !plan.blocked_by.is_empty() {
        lines.push(String::new());
        lines.extend(refusal_lines(&plan.blocked_by));
    }
    lines.join("\n")
}

fn head(plan: &Plan) -> Vec<String> {
    let target = Paint::strong(plan.target.as_str());
    let taken = format!("taken {}, {}", date_time(plan.target_taken_at), ago(plan.target_taken_at, plan.made_at));
    if plan.steps.is_empty() {
        return vec![format!("`{}` is as {target} has it ({taken}): there is nothing to do", plan.environment)];
    }
    vec![format!("`{}` back to {target} ({taken})", plan.environment)]
}

/// How long it will take, beside how long it may.
fn expected(estimate_ms: Option<u64>, agreed: Option<Duration>) -> String {
    let agreed_ms = agreed.map(|agreed| u64::try_from(agreed.as_millis()).unwrap_or(u64::MAX));
    match (estimate_ms, agreed_ms) {
        (None, _) => "not all of them seen before".to_owned(),
        (Some(ms), None) => format!("about {} by past runs", milliseconds(ms)),
        (Some(ms), Some(agreed)) if ms > agreed => {
            let longer = Paint::warning(&format!("longer than the {} agreed", milliseconds(agreed)));
            format!("about {} by past runs: {longer}", milliseconds(ms))
        }
        (Some(ms), Some(agreed)) => {
            format!("about {} by past runs, of {} agreed", milliseconds(ms), milliseconds(agreed))
        }
    }
}

/// What one step changes, as lines of a diff.
fn changed_lines(action: &Action) -> Vec<String> {
    match action {
        Action::Switch(switch) => {
            let to = format!("{} {}", switch.to.service, labelled(&switch.to.label, Some(&switch.to.version)));
            let mut lines = match (&switch.only, &switch.from) {
                (Some(Part::Configuration { what }), _) => {
                    vec![format!("  ~ {} keeps what it runs; back: {}", switch.to.service, what.join(", "))]
                }
                (None, Some(from)) if *from == switch.to.version => vec![format!("  ~ {to} is started anew")],
                _ => vec![removed(&format!("{} {}", switch.to.service, running(switch))), added(&to)],
            };
            lines.extend(switch.files.iter().map(file_line));
            lines
        }
        Action::RestoreFiles { service, files } => {
            let mut lines = vec![format!("  ~ {service} keeps what it runs; {} back", files_go(files.len()))];
            lines.extend(files.iter().map(file_line));
            lines
        }
        Action::Stop { service, .. } => vec![removed(&format!("{service} (was not there when it was recorded)"))],
        Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => Vec::new(),
        Action::Data(data) => data_lines(data),
        Action::Flush { .. } => vec![format!("  ~ {}", explain::action(action))],
    }
}

/// What runs and would not.
fn running(switch: &Switch) -> String {
    let Some(label) = &switch.from_label else { return "is not there".to_owned() };
    let text = labelled(label, switch.from.as_ref());
    match &switch.from {
        Some(version) if version.code == switch.to.version.code => format!("{text}, set up differently"),
        _ => text,
    }
}

fn files_go(number: usize) -> String {
    if number == 1 { "1 file goes".to_owned() } else { format!("{number} files go") }
}

fn file_line(file: &FileRef) -> String {
    match file.digest() {
        Some(_) => format!("    file {} goes back", file.path),
        None => format!("    file {} is removed", file.path),
    }
}

pub(super) fn removed(text: &str) -> String {
    format!("  {}", Paint::removed(&format!("- {text}")))
}

pub(super) fn added(text: &str) -> String {
    format!("  {}", Paint::added(&format!("+ {text}")))
}

fn step_lines(step: &Step) -> Vec<String> {
    let estimate = match (step.estimate_ms, size_of(&step.action)) {
        (Some(ms), None) => milliseconds(ms),
        (Some(ms), Some(size)) => format!("{} for {size}, by what was seen before", milliseconds(ms)),
        (None, None) => "never seen".to_owned(),
        (None, Some(size)) => format!("nothing like it was seen ({size})"),
    };
    let class = explain::class(step.class);
    let class = if step.class == StepClass::Irreversible { Paint::warning(class) } else { class.to_owned() };
    let way_back = explain::way_back(&step.way_back);
    vec![
        format!("  {:>2}. {}", step.id.0, explain::action(&step.action)),
        format!("      {}", Paint::faint(&format!("{class}; takes: {estimate}; way back: {way_back}"))),
    ]
}

/// How much is restored, where the time is by that.
fn size_of(action: &Action) -> Option<String> {
    let Action::Data(step) = action else { return None };
    restored_bytes(&step.act).map(bytes_text)
}

pub(super) fn milliseconds(ms: u64) -> String {
    span(Duration::from_millis(ms))
}

fn overridden_line(refusal: &Refusal) -> String {
    format!("  {} {}: {}", Paint::warning("overridden:"), refusal.name, refusal.what)
}

/// What stands in the way, with what to do about each.
pub(crate) fn refusal_lines(refusals: &[Refusal]) -> Vec<String> {
    let mut lines = vec![Paint::error("refused, nothing would be changed:")];
    for refusal in refusals {
        lines.push(format!("  {}: {}", Paint::strong(refusal.name.as_str()), refusal.what));
        lines.push(format!("    {} {}", Paint::hint("hint:"), refusal.hint));
        lines.push(match refusal.name {
            // Without a target there is nothing that could be forced.
            RefusalName::NoGoodCheckpoint => format!("    read why: `backout explain {}`", refusal.name),
            name if name.can_be_forced() => {
                format!("    override it: `--force {name}`; read first: `backout explain {name}`")
            }
            name => format!("    it cannot be overridden: `backout explain {name}`"),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_will_take_stands_beside_how_long_it_may() {
        let agreed = Some(Duration::from_secs(300));
        assert_eq!(expected(None, agreed), "not all of them seen before");
        assert!(!expected(Some(4_000), None).contains("agreed"));
        let within = expected(Some(300_000), agreed);
        assert!(within.contains("agreed") && !within.contains("longer"), "{within}");
        assert!(expected(Some(300_001), agreed).contains("longer than"));
    }
}
