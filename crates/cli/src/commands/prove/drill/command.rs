//! The command: what will be done, the agreement to it, the run, and what it came to.

use std::process::ExitCode;
use std::sync::Arc;

use backout_adapters::command::Command;
use backout_core::config::DrillPolicy;
use backout_core::id::{RunId, ServiceName};
use backout_core::journal::{Break, Drill, RunKind, RunResult, RunStarted};
use backout_core::plan::{Request, Scope};
use backout_core::policy::{Refusal, RefusalName, rehearsal};
use backout_core::port::{Clock, Store};
use backout_core::report::{DrillReport, drill_is_due, drills};
use backout_engine::clock::SystemClock;
use backout_engine::{begin, resume};

use super::past::{all, line, list};
use super::shown::shown;
use crate::args::{DrillAction, DrillArgs, Global};
use crate::commands::setup::way_back;
use crate::error::{CliError, Exit};
use crate::ui::{Narrator, Ui, agrees};
use crate::wire::{Access, Session, Setup, interrupts, salt};

/// Rehearses a rollback, or lists past rehearsals.
pub(crate) async fn drill(global: &Global, args: &DrillArgs, ui: Ui) -> Result<ExitCode, CliError> {
    if let Some(DrillAction::List) = args.action {
        return list(&Setup::open(global, ui, Access::Read)?).await;
    }
    let setup = Setup::open(global, ui, if args.dry_run { Access::Read } else { Access::Write })?;
    let past = all(&setup).await?;
    if args.scheduled && is_young(&setup, &past)? {
        ui.say("the last good drill is young enough; nothing was done");
        return Ok(ExitCode::SUCCESS);
    }
    let drill = wanted(&setup, args)?;
    let breaks = rehearsal(&setup.environment, &drill).map_err(refused)?;
    ui.say(&shown(&setup, &drill, &breaks, &past).await?);
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    let in_the_way = way_back(&setup).await?;
    if !in_the_way.is_empty() {
        return Err(in_the_way.into_iter().fold(unsafe_now(), |error, (what, hint)| {
            error.hint(hint.map_or_else(|| what.clone(), |hint| format!("{what}: {hint}")))
        }));
    }
    if !args.yes && !agrees(ui, "Break it, and put it back?")? {
        return Err(CliError::new(Exit::Refused, "not confirmed; nothing was changed"));
    }
    let run = RunId::mint(SystemClock.now(), salt());
    play(&setup, drill, &run).await?;
    answer(&setup, &run).await
}

/// Whether the last good drill is young enough.
fn is_young(setup: &Setup, past: &[DrillReport]) -> Result<bool, CliError> {
    let every = setup.environment.drill.as_ref().and_then(|policy| policy.every);
    let Some(every) = every else {
        let what = format!("how often a drill is wanted in `{}` is not configured", setup.environment.name);
        return Err(CliError::usage(what).hint("say so: `drill: { every: 30d }`"));
    };
    Ok(drill_is_due(past, Some(every), SystemClock.now()).is_none())
}

fn wanted(setup: &Setup, args: &DrillArgs) -> Result<Drill, CliError> {
    let policy = setup.environment.drill.as_ref();
    let service = match &args.service {
        Some(typed) => Some(ServiceName::new(typed).map_err(|error| CliError::usage(error.to_string()))?),
        None => policy.and_then(|policy| policy.service.clone()),
    };
    let names = || setup.environment.services.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let only = || setup.environment.services.keys().next().filter(|_| setup.environment.services.len() == 1).cloned();
    let Some(service) = service.or_else(only) else {
        return Err(CliError::usage("which service shall be broken?")
            .hint(format!("name one: `--service`; there are {}", names())));
    };
    let typed = args.how.as_ref().and_then(|typed| Break::WORDS.iter().find(|(word, _)| word == typed));
    let how = typed.map(|(_, how)| *how).or(policy.map(|policy| policy.how)).unwrap_or(Break::Crash);
    let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let within = policy.map_or(setup.environment.guard.soak, |policy| policy.within);
    let objective_ms = policy.and_then(|policy: &DrillPolicy| policy.objective).map(ms);
    Ok(Drill { service, how, within_ms: ms(within), objective_ms })
}

fn unsafe_now() -> CliError {
    CliError::new(Exit::Refused, "drill-not-allowed: what is needed for the way back is missing, so nothing was broken")
}

fn refused(refusal: Refusal) -> CliError {
    let explain = format!("read why: `backout explain {}`", refusal.name);
    CliError::new(Exit::Refused, format!("{}: {}", refusal.name, refusal.what)).hint(refusal.hint).hint(explain)
}

/// Drives the drill to its end. Where a person interrupts it, what it broke is put back at once.
async fn play(setup: &Setup, drill: Drill, run: &RunId) -> Result<RunResult, CliError> {
    let narrator = Arc::new(Narrator::new(setup.ui));
    let breaks = Command::new(&setup.process.program, &setup.process.variables)
        .args(setup.options())
        .args(["break-on-purpose", "--run", run.as_str()])
        .folder(&setup.process.folder);
    let world = setup.world(Some(breaks), narrator.clone(), interrupts()?)?;
    let session = Session::begin(setup, &world, "drill").await?;
    let mut result = session.run(begin(&world, session.lease(), run.clone(), started(setup, drill))).await;
    if matches!(&result, Err(error) if error.exit == Exit::Interrupted) {
        setup.ui.say(
            "interrupted: putting back what the drill broke; Ctrl-C again leaves that to the switch that stands by",
        );
        let again = setup.world(None, narrator.clone(), interrupts()?)?;
        let by = setup.process.actor();
        result = session.run(resume(&again, session.lease(), run.clone(), by, setup.process.pid)).await;
    }
    narrator.finish();
    session.finish().await;
    result.map_err(|error| error.hint(format!("what was broken is put back by `{}`", setup.typed("resume"))))
}

/// The limits of automatic runs are for real ones.
fn started(setup: &Setup, drill: Drill) -> RunStarted {
    let forced = [RefusalName::TooManyAutomatic, RefusalName::CoolingDown, RefusalName::TooManyAtOnce];
    let scope = Scope::Services { services: [drill.service.clone()].into() };
    RunStarted {
        run: RunKind::Drill(Box::new(drill)),
        environment: setup.environment.name.clone(),
        actor: setup.process.actor(),
        reason: Some("a drill".to_owned()),
        request: Request { scope, forced: forced.into(), ..Request::automatic() },
        agreed: None,
        circumstances: Box::default(),
        observe_ms: 0,
    }
}

/// | the drill                              | exit code                   |
/// |----------------------------------------|-----------------------------|
/// | good                                   | 0                           |
/// | put back, and not noticed or too slow  | 6                           |
/// | otherwise                              | that of its run: 4, 5, 130  |
async fn answer(setup: &Setup, run: &RunId) -> Result<ExitCode, CliError> {
    let records = setup.store.run(run).await?;
    let Some(report) = drills(&records).pop() else { return Err(CliError::failed("the drill left no record")) };
    if setup.ui.json {
        setup.ui.document(&report)?;
    } else {
        setup.ui.data(&line(&report));
    }
    Ok(match (report.is_good, report.result.exit_code(false)) {
        (true, _) => ExitCode::SUCCESS,
        (false, 0) => ExitCode::from(Exit::ChecksDoNotHold as u8),
        (false, code) => ExitCode::from(code),
    })
}
