//! `backout history`: past runs, and the proof that their records were not tampered with.

use std::process::ExitCode;

use backout_core::journal::{PersonAct, Restart, restarts};
use backout_core::port::Store;
use backout_core::report::{act_text, restart_text};
use backout_engine::acts_by_hand;
use backout_engine::store::{ChainReport, RunSummary};
use jiff::Timestamp;
use serde::Serialize;

use super::runs::{result, took, what};
use crate::args::{Global, HistoryArgs};
use crate::error::CliError;
use crate::ui::{Ui, date_time, span, table};
use crate::wire::{Access, Setup};

#[derive(Serialize)]
struct History {
    runs: Vec<RunSummary>,
    /// What people did to databases outside of any run.
    by_hand: Vec<ByHand>,
    /// What people started anew, as it was.
    restarts: Vec<StartedAnew>,
}

#[derive(Serialize)]
struct StartedAnew {
    at: Timestamp,
    #[serde(flatten)]
    restart: Restart,
}

#[derive(Serialize)]
struct ByHand {
    at: Timestamp,
    #[serde(flatten)]
    act: PersonAct,
}

#[derive(Serialize)]
struct Proof {
    chain: ChainReport,
}

/// Lists runs, newest first; or proves the chain.
pub(crate) async fn history(global: &Global, args: &HistoryArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    if args.verify {
        let chain = setup.store.verify_chain().await?;
        if ui.json {
            ui.document(&Proof { chain })?;
        } else {
            ui.data(&proof_text(&chain));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut runs = setup.store.runs(&setup.environment.name).await?;
    runs.reverse();
    let left_out = runs.len().saturating_sub(args.limit);
    runs.truncate(args.limit);
    let (by_hand, restarts) = beside(&setup, args.limit).await?;
    if ui.json {
        ui.document(&History { runs, by_hand, restarts })?;
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        ui.say(&format!("`{}` has no runs yet", setup.environment.name));
    } else {
        let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
        ui.data(&table(&["RUN", "STARTED", "TOOK", "RESULT", "BY", "WHAT"], &rows));
        if left_out > 0 {
            ui.say(&format!("{left_out} older runs are not shown: `-n {}` shows all", left_out + args.limit));
        }
    }
    let mut lines: Vec<(Timestamp, String)> = by_hand.iter().map(|done| (done.at, act_text(&done.act))).collect();
    lines.extend(restarts.iter().map(|done| (done.at, restart_text(&done.restart))));
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    if !lines.is_empty() {
        let lines = lines.iter().map(|(at, text)| format!("{}  {text}", date_time(*at)));
        ui.data(&format!("\nby hand:\n{}", lines.collect::<Vec<_>>().join("\n")));
    }
    Ok(ExitCode::SUCCESS)
}

/// What people did outside of any run, the newest first.
async fn beside(setup: &Setup, limit: usize) -> Result<(Vec<ByHand>, Vec<StartedAnew>), CliError> {
    let records = setup.store.records(&setup.environment.name, &["person_acted", "service_restarted"]).await?;
    let acts = acts_by_hand(&records).into_iter().rev().take(limit).map(|(at, act)| ByHand { at, act });
    let anew = restarts(&records).into_iter().rev().take(limit).map(|(at, restart)| StartedAnew { at, restart });
    Ok((acts.collect(), anew.collect()))
}

fn row(run: &RunSummary) -> Vec<String> {
    vec![
        run.id.to_string(),
        date_time(run.started),
        took(run).map_or_else(|| "-".to_owned(), span),
        result(run).to_owned(),
        run.actor.clone(),
        match &run.reason {
            Some(reason) => format!("{}: {reason}", what(run)),
            None => what(run),
        },
    ]
}

fn proof_text(chain: &ChainReport) -> String {
    let newest = chain.head.as_ref().map_or_else(String::new, |head| format!(", the newest with hash {}", head.hash));
    let second = match chain.remembered {
        Some(seq) => format!("the second copy of the hashes agrees up to record {seq}"),
        None => "there is no second copy of the hashes, so records cut off at the end would not be noticed".to_owned(),
    };
    format!("the chain of {} records is unbroken{newest}\n{second}", chain.records)
}
