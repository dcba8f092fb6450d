//! The timeline: one line for each record that a person wants to know of.

use jiff::Timestamp;

use super::agreed::of_approvals;
use super::data::{ladders, of_data};
use super::decided::{decided_details, decided_text, fallback};
use super::proof::of_proof;
use super::recourse::of_recourse;
use crate::id::ServiceName;
use crate::inventory::{DatabasesAfter, Fact, Grade, Source};
use crate::journal::{Body, DeployExit, Record, RunKind, RunResult, RunStarted, StepOutcome};
use crate::plan::{Plan, Step, explain};
use crate::policy::{Check, Verdict};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// One or two words: what kind of thing happened.
    pub label: String,
    /// What happened.
    pub text: String,
    /// More, one line each.
    pub details: Vec<String>,
    /// Whether it is bad news.
    pub is_bad: bool,
}

/// Turns records into lines. Remembers the plan, because step records carry a number only.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    plan: Option<Plan>,
    is_drill: bool,
}

pub(super) struct Said {
    label: String,
    text: String,
    details: Vec<String>,
    is_bad: bool,
}

pub(super) fn said(label: &str, text: impl Into<String>) -> Said {
    Said { label: label.to_owned(), text: text.into(), details: Vec::new(), is_bad: false }
}

impl Said {
    pub(super) fn with(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    pub(super) fn bad_if(mut self, is_bad: bool) -> Self {
        self.is_bad = is_bad;
        self
    }
}

impl Timeline {
    /// The line for a record, if a person wants to know of it.
    pub fn line(&mut self, record: &Record) -> Option<Line> {
        if let Body::PlanMade { plan } = &record.body {
            self.plan = Some((**plan).clone());
        }
        if let Body::RunStarted(started) = &record.body {
            self.is_drill = matches!(started.run, RunKind::Drill(_));
        }
        let said = self
            .of_deploy(&record.body)
            .or_else(|| self.of_rollback(&record.body))
            .or_else(|| of_recourse(&record.body))
            .or_else(|| of_approvals(record))
            .or_else(|| of_proof(&record.body))
            .or_else(|| of_data(&record.body))?;
        Some(Line { at: record.at, label: said.label, text: said.text, details: said.details, is_bad: said.is_bad })
    }

    fn of_deploy(&self, body: &Body) -> Option<Said> {
        Some(match body {
            Body::RunStarted(started) => match &started.run {
                RunKind::Guard { command } => said("guard", command.join(" ")).with(confirmed(started)),
                RunKind::Drill(drill) => said("drill", format!("`{}`: {}", drill.service, drill.how)),
                RunKind::Rollback => said("rollback", started.reason.clone().unwrap_or_default()),
                RunKind::Noticed(noticed) => said("noticed", noticed.words()),
                RunKind::WentDown => said("went down", "while nothing was deployed").bad_if(true),
            },
            Body::BeforeSeen { facts, red, .. } => {
                let red: Vec<String> = red
                    .iter()
                    .map(|signal| format!("{signal} is red already, and will not be blamed on the deploy"))
                    .collect();
                said("before", services(facts)).with(red)
            }
            Body::CheckpointTaken { checkpoint } => {
                said("checkpoint", format!("{}: {}", checkpoint.id, checkpoint.why))
            }
            Body::Graded { checkpoint, grade, why } => {
                said("graded", format!("{checkpoint} is {grade}: {why}")).bad_if(*grade == Grade::Bad)
            }
            Body::AlertHeard { heard } => {
                let is = if heard.is_firing { "fires" } else { "is over" };
                said("alert", format!("{} {is}: {}", heard.alert, heard.what))
            }
            Body::DeployAnnounced { announced } => {
                let part = |what: &str, text: &Option<String>| text.as_ref().map(|text| format!("{what}{text}"));
                let parts = [part("", &announced.version), part("by ", &announced.author), part("", &announced.link)];
                said("announced", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
            }
            Body::Armed { pid } => said("armed", format!("the dead-man's switch stands by (process {pid})")),
            Body::Tagged { tag, commit: Some(commit), .. } => {
                said("tagged", format!("{} as `{tag}`", Source::short(commit)))
            }
            Body::Tagged { tag, commit: None, why } => {
                said("tagged", format!("nothing as `{tag}`: {why}")).bad_if(true)
            }
            Body::DeployIntended if self.is_drill => said("break", "breaking it on purpose"),
            Body::DeployEnded { exit } if self.is_drill => {
                let is_bad = *exit != DeployExit::Code { code: 0 };
                said("break", if is_bad { exit_text(exit) } else { "broken".to_owned() }).bad_if(is_bad)
            }
            Body::DeployIntended => said("deploy", "starting the deploy command"),
            Body::DeployEnded { exit } => said("deploy", exit_text(exit)).bad_if(*exit != DeployExit::Code { code: 0 }),
            Body::AfterSeen { changed, facts, data } => after(changed, facts, data),
            Body::Judged { judgement } => {
                let findings = judgement.findings.iter().map(|f| format!("{}: {}", f.subject, f.what)).collect();
                said("verdict", judgement.verdict.to_string())
                    .with(findings)
                    .bad_if(judgement.verdict == Verdict::Unhealthy)
            }
            Body::Decided { decision } => {
                let details = decided_details(decision);
                said("decision", decided_text(decision)).with(details)
            }
            Body::FallbackSwitched { switching } => fallback(switching),
            _ => return None,
        })
    }

    fn of_rollback(&self, body: &Body) -> Option<Said> {
        Some(match body {
            Body::Refused { refusals } => {
                let details = refusals.iter().map(|r| format!("{}: {} ({})", r.name, r.what, r.hint)).collect();
                said("refused", "nothing was changed").with(details).bad_if(true)
            }
            Body::PlanMade { plan } => {
                said("plan", format!("{} steps back to `{}`", plan.steps.len(), plan.target)).with(ladders(plan))
            }
            Body::EvidenceKept { service, items } => {
                let names: Vec<&str> = items.iter().map(|(name, _)| name.as_str()).collect();
                said("evidence", format!("`{service}`: {}", names.join(", ")))
            }
            Body::FileReplaced { path, was } => {
                let kept = was.as_ref().map_or("there was none", |_| "what was there is kept");
                said("file", format!("{path} ({kept})"))
            }
            Body::StepEnded { step, outcome, took_ms, .. } => {
                let (text, is_bad) = outcome_text(outcome);
                let name = self.step(step.0).map_or_else(String::new, |step| explain::action(&step.action));
                said(&self.step_label(step.0), format!("{name}: {text} ({took_ms} ms)")).bad_if(is_bad)
            }
            Body::UndoIntended { step } => said("undo", format!("step {step} failed and is being undone")).bad_if(true),
            Body::UndoEnded { step, outcome } => {
                let (text, is_bad) = outcome_text(outcome);
                said("undo", format!("step {step}: {text}")).bad_if(is_bad)
            }
            Body::Verified { checks, .. } => {
                let failing = checks.iter().filter(|check| check.blocks()).count();
                said("verified", checks_text(checks)).with(checks.iter().map(check_text).collect()).bad_if(failing > 0)
            }
            Body::TakenOver { by, .. } => said("taken over", by.clone()),
            Body::AbortRequested { by } => said("abort", format!("asked for by {by}")),
            Body::RunEnded { result, summary } => {
                said(result_text(*result), summary.clone()).bad_if(*result == RunResult::NotVerified)
            }
            _ => return None,
        })
    }

    fn step(&self, number: u32) -> Option<&Step> {
        self.plan.as_ref()?.step(crate::id::StepId(number))
    }

    fn step_label(&self, number: u32) -> String {
        format!("step {number}/{}", self.plan.as_ref().map_or(0, |plan| plan.steps.len()))
    }
}

/// What the person or the pipeline that began a deploy said of it.
fn confirmed(started: &RunStarted) -> Vec<String> {
    let line = |(name, why): (&String, &Option<String>)| {
        let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        format!("`{name}` is confirmed by {}{why}", started.actor)
    };
    started.circumstances.confirmed.iter().map(line).collect()
}

fn after(changed: &[ServiceName], facts: &[Fact], databases: &DatabasesAfter) -> Said {
    let services = facts.iter().filter(|fact| changed.contains(&fact.service)).map(explain::fact);
    let schemas = databases.changed.iter().map(|name| format!("the schema of database `{name}`"));
    let unseen = databases
        .unseen
        .iter()
        .map(|unseen| format!("what it did to database `{}` cannot be said: {}", unseen.database, unseen.why));
    let count = |number: usize, thing: &str| match number {
        0 => None,
        1 => Some(format!("1 {thing}")),
        n => Some(format!("{n} {thing}s")),
    };
    let both = [count(changed.len(), "service"), count(databases.changed.len(), "schema")];
    let both: Vec<String> = both.into_iter().flatten().collect();
    let what = if both.is_empty() { "nothing".to_owned() } else { both.join(" and ") };
    said("after", format!("the deploy changed {what}")).with(services.chain(schemas).chain(unseen).collect())
}

fn services(facts: &[Fact]) -> String {
    let each: Vec<String> = facts
        .iter()
        .map(|fact| match fact.running() {
            Some(running) => format!("{} {}", fact.service, running.label),
            None => explain::fact(fact),
        })
        .collect();
    each.join(", ")
}

fn exit_text(exit: &DeployExit) -> String {
    match exit {
        DeployExit::Code { code: 0 } => "the deploy command succeeded".to_owned(),
        DeployExit::Code { code } => format!("the deploy command failed with exit code {code}"),
        DeployExit::Signal { signal } => format!("the deploy command was ended by signal {signal}"),
        DeployExit::TimedOut => "the deploy command took too long and was ended".to_owned(),
        DeployExit::Stopped { why } => format!("the deploy command was ended: {why}"),
        DeployExit::NotStarted { why } => format!("the deploy command could not be started: {why}"),
        DeployExit::Unseen => "the deploy command was not seen to end".to_owned(),
    }
}

/// What all checks came to. One that cannot be measured stands in the way of nothing, and does not hold either.
fn checks_text(checks: &[Check]) -> String {
    let failing = checks.iter().filter(|check| check.blocks()).count();
    let holding = checks.iter().filter(|check| check.verdict == Verdict::Healthy).count();
    match (failing, holding == checks.len()) {
        (0, true) => "every check holds".to_owned(),
        (0, false) => {
            format!("{holding} of {} checks hold; the rest cannot be told, or failed before as well", checks.len())
        }
        _ => format!("{failing} of {} checks do not hold", checks.len()),
    }
}

fn outcome_text(outcome: &StepOutcome) -> (String, bool) {
    match outcome {
        StepOutcome::Done { seen } => (format!("done, {seen}"), false),
        StepOutcome::AlreadyThere { seen } => (format!("was done already, {seen}"), false),
        StepOutcome::Failed { why } => (format!("failed: {why}"), true),
        StepOutcome::NotThere { seen } => (format!("was interrupted and is not done: {seen}"), true),
        StepOutcome::Unclear { why } => (format!("cannot be found out: {why}"), true),
        StepOutcome::Recovered { seen } => (format!("health recovered: {seen}"), false),
        StepOutcome::Worsened { seen } => (format!("health got worse: {seen}"), true),
    }
}

/// A check in one line.
#[must_use]
pub fn check_text(check: &Check) -> String {
    let mark = match check.verdict {
        Verdict::Healthy => "holds",
        Verdict::Unhealthy if check.is_advisory => "fails, and is no matter",
        Verdict::Unhealthy if check.was_red_before => "fails, as before the deploy",
        Verdict::Unhealthy => "FAILS",
        Verdict::Inconclusive => "undecided",
        Verdict::Unmeasurable => "not measured",
    };
    format!("{mark}: {} ({})", check.name, check.what)
}

/// A result in one or two words.
#[must_use]
pub fn result_text(result: RunResult) -> &'static str {
    match result {
        RunResult::Kept => "kept",
        RunResult::KeptUnproven => "kept, unproven",
        RunResult::RolledBack => "rolled back",
        RunResult::NothingChanged => "nothing changed",
        RunResult::NotVerified => "NOT VERIFIED",
        RunResult::Refused => "refused",
        RunResult::Held => "held",
        RunResult::FixForward => "to be fixed forward",
        RunResult::Aborted => "aborted",
    }
}
