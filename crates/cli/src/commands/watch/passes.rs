//! `backout watch`: watches in the foreground and says what changes, pass after pass.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use backout_core::detect::{Comparing, Counting, KeptWatch, Rules};
use backout_core::policy::Verdict;
use backout_core::port::Store;
use backout_engine::store::RUN_KINDS;
use backout_engine::{
    EngineError, Excused, Interrupt, Lookout, Pace, Sole, Successor, Survey, Trouble, Turn, Watched, Watching, World,
    arrived_quietly, ask_all, red, survey,
};
use jiff::Timestamp;

use super::listening::{Announced, Listening};
use super::teller::Teller;
use crate::args::{Global, WatchArgs};
use crate::commands::incident::write_drafts;
use crate::error::CliError;
use crate::ui::{Paint, Ui, count};
use crate::wire::{Access, Setup, Telling, interrupts};

/// How long one pass lasts. Platform events and probes are told at once, and so is what is deployed; what no event tells of
/// (a recovery without a probe) is told at the next pass.
const PASS: Duration = Duration::from_secs(30);
/// How long everything must hold until those who were called are told that it is over.
const WELL_AGAIN: Duration = Duration::from_secs(10);
/// How long it takes until what cannot be recorded for the moment is looked at again.
const SOON: Duration = Duration::from_secs(2);
/// The part of the budget for false alarms that one pass has.
const PARTS: f64 = 100.0;

/// Watches until interrupted.
pub(crate) async fn watch(global: &Global, args: &WatchArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let (setup, sole) = open(global, ui)?;
    let mut interrupt = interrupts()?;
    let teller = Arc::new(Teller::new(ui, setup.environment.triggers.clone()));
    let world = setup.world(None, Arc::clone(&teller), interrupt.clone())?;
    let telling = match &sole {
        Some(_) => Telling::begin(&setup).await,
        None => Telling::of_onlooker(&setup).await,
    };
    ui.say(&greeting(&setup, &world));
    let listening = match args.listen.as_ref().or(setup.environment.watch.listen.as_ref()) {
        Some(address) if sole.is_some() => Some(Listening::begin(&setup, &world, &teller, address).await?),
        Some(_) => return Err(CliError::failed("webhooks are listened for only by the `backout watch` that records")),
        None => None,
    };
    let announced = listening.as_ref().map(Listening::announced).unwrap_or_default();
    let lookout = sole.as_ref().map(|_| Lookout::new(world.clone(), successor(&setup)));
    let passes = Passes { setup: &setup, world: &world, teller: &teller, lookout, announced };
    let ended =
        passes.one_after_another(async { drop(interrupt.wait_for(|wish| *wish > Interrupt::None).await) }).await;
    drop((listening, telling, sole));
    ended
}

/// The environment, and the right to see to deploys that nobody told of. Without that, it is only looked on.
fn open(global: &Global, ui: Ui) -> Result<(Setup, Option<Sole>), CliError> {
    let setup = match Setup::open(global, ui, Access::Write) {
        Ok(setup) => setup,
        Err(error) => {
            let setup = Setup::open(global, ui, Access::Read)?;
            ui.warn(&format!("deploys that nobody tells of are only shown, not recorded: {}", error.what));
            return Ok((setup, None));
        }
    };
    if !setup.environment.watch.notice {
        return Ok((setup, None));
    }
    let sole = Sole::take(&setup.state, &setup.environment.name);
    match &sole {
        Ok(Some(_)) => {}
        Ok(None) => ui.warn("another `backout watch` sees to deploys that nobody tells of; this one only looks on"),
        Err(error) => ui.warn(&format!("deploys that nobody tells of are only shown, not recorded: {error}")),
    }
    Ok((setup, sole.ok().flatten()))
}

fn greeting(setup: &Setup, world: &World) -> String {
    let services = count(setup.environment.services.len(), "service");
    let environment = &setup.environment;
    let signals = match environment.signals.len() + environment.counted.len() + environment.logged.len() {
        0 => String::new(),
        some => format!(", {}", count(some, "signal")),
    };
    let probes = count(backout_engine::probes(world).count(), "probe");
    format!("watching `{}`: {services}, {probes}{signals}; Ctrl-C ends it", setup.environment.name)
}

pub(super) fn successor(setup: &Setup) -> Successor {
    Successor {
        holder: format!("`backout watch` of {}, process {}", setup.process.actor(), setup.process.pid),
        pid: setup.process.pid,
        ttl: setup.environment.guard.dead_man,
    }
}

struct Passes<'a> {
    setup: &'a Setup,
    world: &'a World,
    teller: &'a Teller,
    lookout: Option<Lookout>,
    announced: Announced,
}

impl Passes<'_> {
    async fn one_after_another(mut self, stopped: impl Future<Output = ()>) -> Result<ExitCode, CliError> {
        tokio::pin!(stopped);
        loop {
            let seen = tokio::select! {
                seen = self.survey() => seen,
                () = &mut stopped => return Ok(ExitCode::SUCCESS),
            };
            // What is being written is never torn apart: the engine itself hears of the interruption.
            let Some(patience) = self.turn(&seen).await? else { return Ok(ExitCode::SUCCESS) };
            let excused = self.excused(&seen).await?;
            let judged = tokio::select! {
                judged = self.pass(&seen, excused, patience) => judged,
                () = &mut stopped => return Ok(ExitCode::SUCCESS),
            };
            if !self.see_to(judged, &seen).await? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }

    async fn survey(&self) -> Survey {
        let (mut seen, signals) = tokio::join!(survey(self.world), ask_all(self.world));
        seen.samples.extend(signals);
        self.teller.facts(&seen.facts);
        seen
    }

    /// Sees to what was deployed. How long the next pass may last; nothing where this process shall stop.
    async fn turn(&mut self, seen: &Survey) -> Result<Option<Duration>, CliError> {
        let Some(lookout) = &mut self.lookout else { return Ok(Some(PASS)) };
        write_drafts(self.setup).await;
        self.teller.catch_up(&open_run(self.setup).await);
        let announced = self.announced.newest(self.world.clock.now());
        let (said, patience) = match lookout.turn(seen.clone(), announced.as_ref()).await {
            Ok(Turn::Recorded) => (String::new(), if lookout.has_called() { WELL_AGAIN } else { PASS }),
            Ok(Turn::RecordedNow { checkpoint, grade, why }) => {
                (format!("{why}: what runs is now checkpoint {checkpoint} ({grade})"), PASS)
            }
            Ok(Turn::Unsettled { why }) => (format!("nothing is recorded for the moment: {why}"), SOON),
            Ok(Turn::Held { by }) => (format!("held by {by}: what changes is theirs"), SOON),
            Ok(Turn::Open { run }) => {
                let resume = self.setup.typed(&format!("resume {run}"));
                (format!("run {run} has not ended, so nothing is noticed until it has: `{resume}`"), PASS)
            }
            Ok(Turn::WellAgain { run }) => {
                (format!("it is well again, after {run}; those who were called are told"), PASS)
            }
            Ok(Turn::Ended { run, result }) => {
                self.announced.is_used();
                let (hint, show) = (Paint::hint("hint:"), self.setup.typed(&format!("show {run}")));
                (format!("{hint} {}; the record: `{show}`", backout_core::report::result_text(result)), Duration::ZERO)
            }
            Err(EngineError::Interrupted) => return Ok(None),
            Err(error) => (format!("{} {error}; it is tried again", Paint::warning("warning:")), PASS),
        };
        self.teller.say(&said);
        Ok(Some(patience))
    }

    /// What the next pass holds against nobody. One that only looks on tells what is red once, and again once it has been green.
    async fn excused(&mut self, seen: &Survey) -> Result<Excused, CliError> {
        match &mut self.lookout {
            Some(lookout) => Ok(lookout.excused(seen).await?),
            None => {
                let red = red(self.world, &seen.samples).into_iter().collect::<BTreeSet<_>>();
                Ok(Excused { red, facts: seen.facts.clone() })
            }
        }
    }

    /// Calls people for what a pass found. `false` where this process shall stop.
    async fn see_to(&mut self, judged: Option<Box<KeptWatch>>, seen: &Survey) -> Result<bool, CliError> {
        let (Some(lookout), Some(watched)) = (&mut self.lookout, judged) else { return Ok(true) };
        let said = match lookout.trouble(&watched, &seen.facts).await {
            Ok(Trouble::Recorded { run, result }) => {
                let (result, show) =
                    (backout_core::report::result_text(result), self.setup.typed(&format!("show {run}")));
                format!("{} {result}; the record: `{show}`", Paint::hint("hint:"))
            }
            Ok(Trouble::Spared { why }) => format!("nobody is called: {why}"),
            Err(EngineError::Interrupted) => return Ok(false),
            Err(error) => format!("{} {error}; it is tried again", Paint::warning("warning:")),
        };
        self.teller.say(&said);
        Ok(true)
    }

    /// Watches until something is deployed, or for that long. What it found to be bad.
    async fn pass(&self, seen: &Survey, excused: Excused, patience: Duration) -> Option<Box<KeptWatch>> {
        let known = self.lookout.as_ref().map(|_| seen.facts.clone());
        let since = self.world.clock.now();
        let rules = Rules {
            triggers: self.world.environment.triggers.clone(),
            required: Vec::new(),
            red_before: excused.red,
            before: excused.facts,
            excused: BTreeSet::new(),
            own_checks_from: None,
            comparing: comparing(self.world, since),
            bars: Vec::new(),
        };
        let until = since + patience;
        let watching = Watching { pace: Pace::AtRest, until, deployed_at: since, known: known.as_deref() };
        match backout_engine::watch(self.world, rules, watching).await {
            Watched::Judged(watched) => {
                self.teller.judgement(&watched.judgement);
                (watched.judgement.verdict == Verdict::Unhealthy).then_some(watched)
            }
            Watched::Moved => {
                arrived_quietly(self.world, known.as_deref().unwrap_or_default()).await;
                None
            }
        }
    }
}

/// Each pass is compared with the time before it. There are many passes in a day, so that each has a small part of the budget.
fn comparing(world: &World, since: Timestamp) -> Comparing {
    let environment = &world.environment;
    Comparing {
        since,
        horizon: PASS.as_secs_f64(),
        false_alarms: environment.guard.false_alarms / PARTS,
        counted: environment.counted.values().map(Counting::of).collect(),
        dependencies: environment.dependencies(&[]),
        containers: environment.depended_containers(&[]),
    }
}

/// The records of a run that is open, so that what follows of it can be told.
async fn open_run(setup: &Setup) -> Vec<backout_core::journal::Record> {
    let name = &setup.environment.name;
    let Ok(records) = setup.store.records(name, &RUN_KINDS).await else { return Vec::new() };
    let open = backout_engine::store::runs(&records).into_iter().rfind(|run| run.ending.is_none());
    match open {
        Some(open) => setup.store.run(&open.id).await.unwrap_or_default(),
        None => Vec::new(),
    }
}
