//! `backout status`: what runs and how it is, who is at it, and where the way back leads.
//!
//! Everything is looked at at once, and the slowest answer is waited for no longer than [`PATIENCE`]: a person wants to know
//! now. A probe that needs longer is told as not measured, never as failing.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use backout_core::config::Probe;
use backout_core::detect::{Measured, QueryAnswer, Sample, SignalPath};
use backout_core::id::{CheckpointId, EnvironmentName, ServiceName, SignalName};
use backout_core::incident::Incident;
use backout_core::inventory::{Graded, last_known_good};
use backout_core::journal::{RunKind, fallbacks_on};
use backout_core::maintenance;
use backout_core::policy::{Check, Quarantined, Verdict, quarantined};
use backout_core::port::{ProbeOutcome, Store};
use backout_engine::store::{OutboxRow, RunSummary};
use backout_engine::{Sole, World, ask_servers, look_around, observe, probes, said, signal_checks};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::data_standing::{DataStanding, data_standings};
use super::onlooker::world;
use super::past::{Pending, Waiting, pending, waiting, what};
use super::post_mortem::PostMortemDue;
use super::standing::{Probed, Standing, standings};
use crate::args::Global;
use crate::commands::incident::Found;
use crate::commands::prove::DrillStanding;
use crate::error::CliError;
use crate::ui::{Paint, Ui, ago, table};
use crate::wire::{Access, Setup};

/// How long a probe is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long it is said that notices were given up.
const GIVEN_UP_SHOWN: SignedDuration = SignedDuration::from_hours(72);

/// The document.
#[derive(Serialize)]
pub(super) struct Status {
    pub(super) environment: EnvironmentName,
    pub(super) at: Timestamp,
    pub(super) services: Vec<Standing>,
    pub(super) databases: Vec<DataStanding>,
    pub(super) signals: Vec<Check>,
    pub(super) last_known_good: Option<Good>,
    pub(super) held_by: Option<HeldBy>,
    pub(super) open_runs: Vec<RunSummary>,
    pub(super) decided: Vec<Pending>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) fallbacks_on: BTreeMap<String, Timestamp>,
    pub(super) open_incidents: Vec<Incident>,
    /// Whether a process sees to deploys that nobody told of.
    pub(super) is_watched: bool,
    pub(super) notices: Notices,
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) maintenance: maintenance::Standing,
    /// Post-mortems that people are to see to.
    pub(super) post_mortems: Vec<PostMortemDue>,
    /// How well going back is rehearsed, where that is configured.
    pub(super) drill: Option<DrillStanding>,
}

/// What people were not told.
#[derive(Serialize)]
pub(super) struct Notices {
    pub(super) waiting: usize,
    pub(super) given_up: usize,
}

#[derive(Serialize)]
pub(super) struct Good {
    pub(super) checkpoint: CheckpointId,
    pub(super) taken_at: Timestamp,
    pub(super) why: String,
}

#[derive(Serialize)]
pub(super) struct HeldBy {
    pub(super) holder: String,
    pub(super) until: Timestamp,
}

/// What runs, and how it is.
pub(crate) async fn status(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let status = look(&setup).await?;
    if ui.json {
        ui.document(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    ui.data(&text(&status));
    let is_left = |run: &RunSummary| !status.is_watched || !matches!(run.kind, RunKind::Noticed(_));
    if status.held_by.is_none() && status.open_runs.iter().any(is_left) {
        ui.say(&format!("\n{} nobody goes on with it: `backout resume`", Paint::hint("hint:")));
    }
    if status.last_known_good.is_none() {
        let hint =
            "record what runs while it is healthy: `backout checkpoint create`; `backout guard` does it by itself";
        ui.say(&format!("\n{} {hint}", Paint::hint("hint:")));
    }
    if let Some(due) = status.drill.and_then(|drill| drill.due) {
        ui.warn(&format!("{due}: `{}`", setup.typed("drill")));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn look(setup: &Setup) -> Result<Status, CliError> {
    let world = world(setup)?;
    let name = &setup.environment.name;
    let (facts, probed, said, signals, databases, checkpoints, holder, open_runs, outbox, switched) = tokio::join!(
        observe(&world),
        probe_all(&world),
        said(&world, PATIENCE),
        signals(&world),
        data_standings(setup, &world, PATIENCE),
        setup.store.checkpoints(name),
        setup.store.holder(name),
        setup.store.open_runs(name),
        setup.store.outbox(name),
        setup.store.records(name, &maintenance::KINDS),
    );
    let mut open_incidents = Found::of(setup).await?.all;
    let post_mortems = PostMortemDue::of(&open_incidents, setup.environment.incidents.post_mortem.within);
    open_incidents.retain(Incident::is_open);
    let (checkpoints, open_runs, now) = (checkpoints?, open_runs?, world.clock.now());
    let good = last_known_good(&checkpoints).map(|graded| &graded.checkpoint);
    let held_by = holder?.filter(|holder| holder.until > now);
    Ok(Status {
        environment: name.clone(),
        at: now,
        services: standings(&facts, &probed, good).into_iter().map(|it| it.saying(&said)).collect(),
        databases: databases?,
        signals,
        last_known_good: last_known_good(&checkpoints).map(Good::of),
        held_by: held_by.map(|holder| HeldBy { holder: holder.holder, until: holder.until }),
        decided: pending(setup, &open_runs).await?,
        waiting: waiting(setup, &open_runs).await?,
        open_runs,
        fallbacks_on: fallbacks_on(&setup.store.records(name, &["fallback_switched"]).await?),
        open_incidents,
        post_mortems,
        is_watched: Sole::is_taken(&setup.state, name),
        notices: Notices::of(&outbox?, now),
        quarantined: quarantined(&checkpoints),
        maintenance: maintenance::standing(&switched?),
        drill: DrillStanding::of(setup).await?,
    })
}

impl Notices {
    fn of(outbox: &[OutboxRow], now: Timestamp) -> Self {
        let count = |state: &str| outbox.iter().filter(|row| row.state == state).count();
        let is_recent = |row: &&OutboxRow| row.ended.is_some_and(|ended| now.duration_since(ended) < GIVEN_UP_SHOWN);
        let given_up = outbox.iter().filter(|row| row.state == "given_up").filter(is_recent).count();
        Self { waiting: count("waiting"), given_up }
    }

    pub(super) fn line(&self) -> Option<String> {
        let parts = [(self.waiting, "not delivered yet"), (self.given_up, "given up")];
        let parts: Vec<String> =
            parts.iter().filter(|(some, _)| *some > 0).map(|(some, what)| format!("{some} {what}")).collect();
        (!parts.is_empty()).then(|| format!("notices: {}; see `backout notify list`", parts.join(", ")))
    }
}

impl Good {
    fn of(graded: &Graded) -> Self {
        let checkpoint = &graded.checkpoint;
        Self { checkpoint: checkpoint.id.clone(), taken_at: checkpoint.taken_at, why: graded.why.clone() }
    }
}

async fn probe_all(world: &World) -> Vec<Probed> {
    join_all(probes(world).map(|(service, probe)| probe_one(world, service, probe))).await
}

async fn probe_one(world: &World, service: &ServiceName, probe: &Probe) -> Probed {
    let (outcome, latency) = tokio::select! {
        reading = world.prober.probe(service, probe) => (reading.outcome, reading.latency),
        () = world.clock.sleep(PATIENCE) => {
            let why = format!("no answer yet after {} ms; `backout verify` waits for it", PATIENCE.as_millis());
            (ProbeOutcome::NotPerformed { why }, None)
        }
    };
    Probed {
        service: service.clone(),
        probe: probe.name.clone(),
        holds: outcome.holds(),
        what: outcome.what(),
        latency_ms: latency.and_then(|took| u64::try_from(took.as_millis()).ok()),
    }
}

/// What every signal comes to. What needs longer than a person's patience is told as not measured.
async fn signals(world: &World) -> Vec<Check> {
    let (environment, now) = (&world.environment, world.clock.now());
    let why = format!("no answer yet after {} ms; `backout verify` waits for it", PATIENCE.as_millis());
    let servers = async {
        tokio::select! {
            samples = ask_servers(world) => samples,
            () = world.clock.sleep(PATIENCE) => {
                let late = QueryAnswer::Failed { why: why.clone() };
                environment.signals.values().map(|signal| late.sample(signal, &[], now)).collect()
            }
        }
    };
    let around = async {
        tokio::select! {
            samples = look_around(world) => samples,
            () = world.clock.sleep(PATIENCE) => {
                let late = |name: &SignalName| Sample {
                    signal: SignalPath::Named(name.clone()),
                    at: now,
                    measured: Measured::Unmeasurable { why: why.clone() },
                    what: why.clone(),
                    of: None,
                };
                environment.logged.keys().map(late).collect()
            }
        }
    };
    let (servers, around) = tokio::join!(servers, around);
    signal_checks(world, &[servers, around].concat())
}

fn text(status: &Status) -> String {
    let rows: Vec<Vec<String>> = status.services.iter().map(Standing::row).collect();
    let head = ["SERVICE", "VERSION", "INSTANCES", "HEALTH", "PROBES", "LAST KNOWN GOOD"];
    let mut lines = vec![table(&head, &rows)];
    let complaints: Vec<String> = status.services.iter().flat_map(Standing::complaints).collect();
    if !complaints.is_empty() {
        lines.push(String::new());
        lines.extend(complaints);
    }
    if !status.databases.is_empty() {
        lines.push(String::new());
        lines.extend(status.databases.iter().flat_map(|database| database.lines(status.at)));
    }
    if !status.signals.is_empty() {
        lines.push(String::new());
        lines.extend(status.signals.iter().map(signal_line));
    }
    lines.push(String::new());
    lines.push(match &status.last_known_good {
        Some(good) => format!("last known good: {} ({}): {}", good.checkpoint, ago(good.taken_at, status.at), good.why),
        None => format!("last known good: `{}` has none", status.environment),
    });
    lines.extend(of_runs(status));
    lines.extend(status.notices.line());
    lines.join("\n")
}

fn signal_line(check: &Check) -> String {
    let label = match check.verdict {
        Verdict::Healthy => "signal",
        Verdict::Unhealthy => "FAILS",
        Verdict::Inconclusive | Verdict::Unmeasurable => "not measured",
    };
    format!("{label}: {} ({})", check.name, check.what)
}

/// Who is at it, and what was done that is not over.
fn of_runs(status: &Status) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(held) = &status.held_by {
        lines.push(format!("held by: {}", held.holder));
    }
    for run in &status.open_runs {
        lines.push(format!("open run: {} {} ({})", run.id, what(run), ago(run.started, status.at)));
    }
    lines.extend(
        status.quarantined.iter().map(|it| format!("in quarantine: {} ({}: {})", it.in_words(), it.checkpoint, it.why)),
    );
    lines.extend(status.maintenance.in_words());
    lines.extend(status.waiting.iter().map(|waiting| waiting.line(status.at)));
    lines.extend(status.decided.iter().flat_map(|pending| pending.lines(status.at)));
    let fallback = |(name, since): (&String, &Timestamp)| {
        format!("fallback on: {name} ({}); `backout fallback off`", ago(*since, status.at))
    };
    lines.extend(status.fallbacks_on.iter().map(fallback));
    for incident in &status.open_incidents {
        lines.push(format!("incident: {} {} ({})", incident.id, incident.title, ago(incident.opened_at, status.at)));
    }
    lines.extend(status.post_mortems.iter().map(PostMortemDue::line));
    if status.is_watched {
        lines.push("watched: `backout watch` sees to deploys that nobody tells of".to_owned());
    }
    lines
}
