//! `backout show`: one run, or one checkpoint.

use std::process::ExitCode;

use backout_core::id::RunId;
use backout_core::journal::{ActStage, Body, PersonAct, Record, RunResult};
use backout_core::port::{Blobs, Store, StoreError};
use backout_core::report::{Timeline, Times, act_text, stray_text, times};
use backout_engine::acts_by_hand;
use backout_engine::store::{Lookup, RawRecord, RunSummary, Which};
use serde::Serialize;

use super::evidence::{Piece, find, pieces};
use super::runs::{result, took, what};
use crate::args::{Global, ShowArgs};
use crate::commands::act::times_text;
use crate::commands::look::checkpoint::show_checkpoint;
use crate::error::CliError;
use crate::ui::{Paint, Ui, date_time, line_text, span};
use crate::wire::{Access, Setup};

/// What the id of a run begins with.
const RUN: &str = "run-";

/// The document of a run.
#[derive(Serialize)]
struct RunDocument<'a> {
    run: &'a RunSummary,
    times: Times,
    evidence: Vec<Piece>,
    records: &'a [Record],
    /// What people did about its consequences afterwards.
    by_hand: &'a [PersonAct],
}

/// The document of a run that a newer version wrote.
#[derive(Serialize)]
struct RawDocument<'a> {
    run: &'a RunId,
    raw_records: Vec<RawRecord>,
}

/// Shows a run or a checkpoint; the newest run unless named.
pub(crate) async fn show(global: &Global, args: &ShowArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let run = match &args.id {
        None => newest(&setup).await?,
        Some(typed) => match setup.store.find_run(typed).await? {
            Lookup::One(run) => run,
            Lookup::Several(all) => return Err(ambiguous(typed, &all)),
            Lookup::NotFound => return show_other(&setup, typed, args).await,
        },
    };
    let records = match setup.store.run(&run.id).await {
        Err(StoreError::TooNew { found, known }) => {
            ui.warn(&format!("records of format {found} are shown as they are stored; this version knows {known}"));
            return show_raw(&setup, &run.id).await;
        }
        other => other?,
    };
    let all = setup.store.records(&setup.environment.name, &["person_acted"]).await?;
    let about = acts_by_hand(&all).into_iter().filter(|(_, act)| act.about.as_ref() == Some(&run.id));
    let by_hand: Vec<PersonAct> = about.map(|(_, act)| act).collect();
    let mut removed = setup.store.records(&setup.environment.name, &["stray_removed"]).await?;
    removed.retain(|record| matches!(&record.body, Body::StrayRemoved { removal } if removal.about == run.id));
    let kept = || [pieces(&records), pieces(&removed)].concat();
    if let Some(name) = &args.evidence {
        let pieces = kept();
        ui.bytes(&setup.blobs.get(&find(&pieces, name)?.content).await?);
    } else if ui.json {
        let (times, evidence) = (times(&records), kept());
        ui.document(&RunDocument { run: &run, times, evidence, records: &records, by_hand: &by_hand })?;
    } else {
        ui.data(&run_text(&run, &records));
        removed.iter().filter_map(afterwards).for_each(|line| ui.data(&line));
        by_hand.iter().for_each(|act| ui.data(&format!("afterwards, by hand: {}", act_text(act))));
    }
    Ok(ExitCode::SUCCESS)
}

async fn newest(setup: &Setup) -> Result<RunSummary, CliError> {
    let name = &setup.environment.name;
    setup.store.runs(name).await?.pop().ok_or_else(|| {
        CliError::usage(format!("`{name}` has no runs yet")).hint("guard a deploy: `backout guard -- COMMAND`")
    })
}

fn ambiguous(typed: &str, all: &[RunSummary]) -> CliError {
    let ids: Vec<&str> = all.iter().map(|run| run.id.as_str()).collect();
    CliError::usage(format!("`{typed}` stands for several runs: {}", ids.join(", "))).hint("type more of it")
}

/// No run is called so: perhaps a checkpoint is.
async fn show_other(setup: &Setup, typed: &str, args: &ShowArgs) -> Result<ExitCode, CliError> {
    if args.evidence.is_some() {
        return Err(CliError::usage(format!("there is no run `{typed}`")).hint("see past runs: `backout history`"));
    }
    if typed.starts_with(RUN) {
        return Err(CliError::usage(format!("there is no run `{typed}`")).hint("see past runs: `backout history`"));
    }
    show_checkpoint(setup, typed).await
}

async fn show_raw(setup: &Setup, run: &RunId) -> Result<ExitCode, CliError> {
    let raw_records = setup.store.raw_records(Which::Run(run.clone())).await?;
    if setup.ui.json {
        setup.ui.document(&RawDocument { run, raw_records })?;
    } else {
        raw_records.iter().for_each(|raw| setup.ui.data(&format!("{} {} {}", raw.at, raw.kind, raw.body)));
    }
    Ok(ExitCode::SUCCESS)
}

fn run_text(run: &RunSummary, records: &[Record]) -> String {
    let mut lines = head(run);
    lines.push(String::new());
    let mut timeline = Timeline::default();
    lines.extend(records.iter().filter_map(|record| timeline.line(record)).map(|line| line_text(&line)));
    let times = times_text(&times(records));
    if !times.is_empty() {
        lines.push(String::new());
        lines.extend(times);
    }
    let pieces = pieces(records);
    if !pieces.is_empty() {
        lines.push(String::new());
        lines.push(format!("evidence (`backout show {} --evidence NAME` prints it):", run.id));
        lines.extend(pieces.iter().map(|piece| format!("  {} ({} bytes)", piece.name, piece.content.bytes)));
    }
    lines.join("\n")
}

fn head(run: &RunSummary) -> Vec<String> {
    let mut lines = vec![
        format!("{} {} in `{}`", Paint::strong(run.id.as_str()), what(run), run.environment),
        format!("started {} by {}", date_time(run.started), run.actor),
    ];
    lines.extend(run.reason.as_ref().map(|reason| format!("reason: {reason}")));
    lines.push(match (&run.ending, took(run)) {
        (Some(ending), Some(took)) => {
            let result = result(run);
            let result = match ending.result {
                RunResult::NotVerified | RunResult::Held | RunResult::FixForward => Paint::error(result),
                RunResult::Refused | RunResult::Aborted => Paint::strong(result),
                RunResult::Kept | RunResult::KeptUnproven | RunResult::RolledBack | RunResult::NothingChanged => {
                    Paint::good(result)
                }
            };
            format!("{result} after {}: {}", span(took), ending.summary)
        }
        _ => format!("{}: running, waiting or interrupted; `backout status` tells", Paint::warning("open")),
    });
    lines
}

/// What was removed after the run, as far as it came.
fn afterwards(record: &Record) -> Option<String> {
    match &record.body {
        Body::StrayRemoved { removal } if removal.stage != ActStage::Intended => {
            Some(format!("afterwards, removed: {}", stray_text(removal)))
        }
        _ => None,
    }
}
