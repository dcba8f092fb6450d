//! What was deployed when, by whom, from which version to which, and what came of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::id::{RunId, ServiceName};
use crate::inventory::Fact;
use crate::journal::{Body, Record, RunKind, RunResult};
use crate::plan::{Action, Plan};
use crate::report::result_text;

/// The kinds of records that [`changelog`] is made of.
pub const CHANGELOG_KINDS: [&str; 5] = ["run_started", "before_seen", "after_seen", "plan_made", "run_ended"];

/// One deploy or rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Deployed {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// Who started it.
    pub by: String,
    /// The deploy command; `None` for a rollback that a person asked for, and for a deploy that was noticed.
    pub command: Option<String>,
    /// What was noticed, where nobody told of the deploy.
    pub noticed: Option<String>,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// How it ended; `None` while it is open.
    pub result: Option<RunResult>,
    /// What went from which version to which.
    pub changes: Vec<Change>,
}

impl Deployed {
    fn is_rollback(&self) -> bool {
        self.command.is_none() && self.noticed.is_none()
    }
}

/// A service that went from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// The service.
    pub service: ServiceName,
    /// What ran before; `None` where nothing did.
    pub from: Option<String>,
    /// What ran after; `None` where nothing did.
    pub to: Option<String>,
}

/// Every deploy and rollback, the newest first; from records of any number of runs.
#[must_use]
pub fn changelog(records: &[Record]) -> Vec<Deployed> {
    let mut all: Vec<Deployed> = Vec::new();
    let mut before: BTreeMap<&RunId, &[Fact]> = BTreeMap::new();
    for record in records {
        let Some(run) = &record.run else { continue };
        if let Body::RunStarted(started) = &record.body {
            let (command, noticed) = match &started.run {
                RunKind::Guard { command } => (Some(command.join(" ")), None),
                RunKind::Noticed(noticed) => (None, Some(noticed.words())),
                RunKind::Rollback => (None, None),
                RunKind::Drill(_) | RunKind::WentDown => continue,
            };
            all.push(Deployed {
                run: run.clone(),
                at: record.at,
                by: started.actor.clone(),
                command,
                noticed,
                reason: started.reason.clone(),
                result: None,
                changes: Vec::new(),
            });
        }
        let Some(deployed) = all.iter_mut().rev().find(|deployed| deployed.run == *run) else { continue };
        match &record.body {
            Body::BeforeSeen { facts, .. } => drop(before.insert(run, facts)),
            Body::AfterSeen { facts, changed, .. } => {
                deployed.changes = changes(before.get(run).copied().unwrap_or_default(), facts, changed);
            }
            Body::PlanMade { plan } if deployed.is_rollback() => deployed.changes = switches(plan),
            Body::RunEnded { result, .. } => deployed.result = Some(*result),
            _ => {}
        }
    }
    all.reverse();
    all
}

fn changes(before: &[Fact], after: &[Fact], changed: &[ServiceName]) -> Vec<Change> {
    let label = |facts: &[Fact], service: &ServiceName| {
        let fact = facts.iter().find(|fact| fact.service == *service)?;
        fact.running().map(|running| running.label.clone())
    };
    let change = |service: &ServiceName| Change {
        service: service.clone(),
        from: label(before, service),
        to: label(after, service),
    };
    changed.iter().map(change).collect()
}

fn switches(plan: &Plan) -> Vec<Change> {
    let switched = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Switch(switch) if switch.only.is_none() => Some(Change {
            service: switch.to.service.clone(),
            from: switch.from_label.clone(),
            to: Some(switch.to.label.clone()),
        }),
        _ => None,
    });
    switched.collect()
}

/// The changelog as Markdown, which reads as text; by days, in UTC.
#[must_use]
pub fn changelog_markdown(environment: &str, all: &[Deployed]) -> String {
    let mut text = format!("# What was deployed to `{environment}`\n");
    let mut day = String::new();
    for deployed in all {
        let of = deployed.at.strftime("%Y-%m-%d").to_string();
        if of != day {
            text += &format!("\n## {of}\n\n");
            day = of;
        }
        let result = deployed.result.map_or("open", result_text);
        let what = match (&deployed.command, &deployed.noticed) {
            (Some(command), _) => format!("`{command}`"),
            (None, Some(noticed)) => format!("noticed {noticed}"),
            (None, None) => "rollback".to_owned(),
        };
        let reason = deployed.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        text += &format!("- {} {what} by {}, **{result}**{reason}\n", deployed.at.strftime("%H:%M"), deployed.by);
        for change in &deployed.changes {
            let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "nothing".to_owned());
            text += &format!("  - `{}`: {} → {}\n", change.service, version(&change.from), version(&change.to));
        }
    }
    if all.is_empty() {
        text += "\nNothing yet.\n";
    }
    text
}
