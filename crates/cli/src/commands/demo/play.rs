//! Playing a scenario: version 1 up, version 2 deployed under guard by the same code as `backout guard`, and what came of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::journal::Record;
use backout_core::policy::Verdict;
use backout_core::port::{Clock, Platform, Store};
use backout_core::report::{Times, times};
use backout_engine::clock::SystemClock;
use backout_engine::store::RunSummary;
use backout_engine::{Interrupt, survey};
use serde::Serialize;
use tempfile::TempDir;

use super::clean::clean;
use super::killed::guard_that_is_killed;
use super::stage::{SERVICE, Stage};
use super::story::{closing, expected, opening, record};
use crate::args::{Color, DemoArgs, Global, GuardArgs, Scenario, ToldArgs};
use crate::commands::{act, look};
use crate::error::{CliError, Exit};
use crate::ui::Ui;
use crate::wire::{Access, Process, Setup, host_platform, interrupts};

/// How long version 1 may take to become healthy.
const HEALTHY_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to stop.
const GRACE_MS: u64 = 1_000;
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Serialize)]
struct Played {
    scenario: String,
    run: RunSummary,
    times: Times,
    folder: Option<PathBuf>,
    records: Vec<Record>,
}

/// Where the demo plays.
enum Place {
    /// A folder that is removed.
    Temporary(TempDir),
    /// A folder that a person named.
    Kept(PathBuf),
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Place::Temporary(folder) => folder.path(),
            Place::Kept(folder) => folder,
        }
    }
}

/// Plays a scenario. Whatever happens, interruptions included, nothing runs any more afterwards, and nothing is left but the
/// folder that was asked for.
pub(crate) async fn demo(args: &DemoArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let process = Process::current()?;
    let mut interrupt = interrupts()?;
    let place = place(args, &process)?;
    let stage = Stage::set(place.path().to_owned(), process.program.clone(), args.scenario)?;
    let global = global(&stage, ui);
    // Standard output is for the document, where one is wanted.
    let talk = Ui { json: false, quiet: ui.quiet || ui.json, ..ui };
    let played = tokio::select! {
        biased;
        _ = interrupt.wait_for(|wish| *wish > Interrupt::None) => Err(CliError::new(Exit::Interrupted, "interrupted")),
        played = play(&stage, &global, args.scenario, talk) => played,
    };
    let cleaned = clean(&global, talk).await;
    let is_kept = matches!(place, Place::Kept(_));
    drop(place);
    let (run, records) = played.map_err(CliError::without_hints)?;
    cleaned?;
    let times = times(&records);
    if ui.json {
        let scenario = scenario_name(args.scenario);
        let folder = is_kept.then(|| stage.folder().to_owned());
        ui.document(&Played { scenario, run, times, folder, records })?;
    } else {
        ui.data(&closing(args.scenario, &times).join("\n"));
        ui.data(&record(&stage, is_kept).join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn place(args: &DemoArgs, process: &Process) -> Result<Place, CliError> {
    let Some(keep) = &args.keep else {
        let made = tempfile::Builder::new().prefix("backout-demo-").tempdir();
        return made.map(Place::Temporary).map_err(|error| {
            CliError::failed(format!("a temporary folder could not be made: {error}"))
                .hint("name a folder: `backout demo --keep DIR`")
        });
    };
    let folder = process.folder.join(keep);
    let is_taken = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        return Err(
            CliError::usage(format!("`{}` is not empty", folder.display())).hint("name a new or an empty folder")
        );
    }
    std::fs::create_dir_all(&folder)
        .map_err(|error| CliError::usage(format!("`{}` could not be made: {error}", folder.display())))?;
    Ok(Place::Kept(folder))
}

/// The options that a person would type to mean the stage.
fn global(stage: &Stage, ui: Ui) -> Global {
    Global {
        config: Some(stage.config()),
        // There is one, and its state is beside the configuration.
        environment: None,
        state: None,
        json: false,
        color: Color::Auto,
        quiet: ui.quiet,
        verbose: ui.verbose,
    }
}

fn scenario_name(scenario: Scenario) -> String {
    use clap::ValueEnum;
    scenario.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

async fn play(
    stage: &Stage,
    global: &Global,
    scenario: Scenario,
    ui: Ui,
) -> Result<(RunSummary, Vec<Record>), CliError> {
    opening(scenario, stage).iter().for_each(|line| ui.say(line));
    start_first_version(global, ui).await?;
    let command = stage.deploy_command(2);
    ui.say(&format!("$ backout guard -- {}", command.join(" ")));
    if scenario == Scenario::Killed {
        guard_that_is_killed(global, &command, ui).await?;
        ui.say("$ backout resume");
        act::resume(global, None, ui).await?;
    } else {
        let args = GuardArgs {
            force: Vec::new(),
            reason: Some("backout demo".to_owned()),
            soak: None,
            told: ToldArgs::default(),
            committed_at: None,
            confirm: Vec::new(),
            no_observe: true,
            command,
        };
        act::guard(global, &args, ui).await?;
    }
    outcome(global, scenario, ui).await
}

async fn start_first_version(global: &Global, ui: Ui) -> Result<(), CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let name = ServiceName::new(SERVICE).map_err(|error| CliError::failed(error.to_string()))?;
    host_platform(&setup).restart(&name, Some(GRACE_MS)).await?;
    let world = look::world(&setup)?;
    let deadline = SystemClock.now() + HEALTHY_WITHIN;
    loop {
        let survey = survey(&world).await;
        match survey.checks.iter().find(|check| check.verdict != Verdict::Healthy) {
            None => return Ok(()),
            Some(check) if SystemClock.now() >= deadline => {
                return Err(CliError::failed(format!(
                    "version 1 does not become healthy: {}: {}",
                    check.name, check.what
                )));
            }
            Some(_) => SystemClock.sleep(PAUSE).await,
        }
    }
}

/// The run, if it ended as the scenario has it.
async fn outcome(global: &Global, scenario: Scenario, ui: Ui) -> Result<(RunSummary, Vec<Record>), CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let run = setup.store.runs(&setup.environment.name).await?.pop();
    let run = run.ok_or_else(|| CliError::failed("the demo left no run"))?;
    let result = run.ending.as_ref().map(|ending| ending.result);
    if result != Some(expected(scenario)) {
        let how = run.ending.as_ref().map_or("it has not ended", |ending| ending.summary.as_str());
        return Err(CliError::failed(format!("the demo did not play as it should: {how}")));
    }
    let records = setup.store.run(&run.id).await?;
    Ok((run, records))
}
