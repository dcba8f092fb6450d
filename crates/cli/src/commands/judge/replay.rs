//! `backout decide --replay`: the verdict of a past watch once more, by the same detector, and what another setting would have
//! said.

use std::process::ExitCode;

use backout_core::detect::{KeptWatch, Played, Setting, replay as played};
use backout_core::id::RunId;
use backout_core::journal::{Body, Record};
use backout_core::policy::{Judgement, Verdict};
use backout_core::port::Store;
use backout_engine::kept_watch;
use backout_engine::store::Lookup;
use jiff::Timestamp;
use serde::Serialize;

use crate::args::Global;
use crate::error::{CliError, Exit};
use crate::ui::{Ui, count};
use crate::wire::{Access, Setup};

/// What is printed with `--json`.
#[derive(Serialize)]
struct Document<'a> {
    run: &'a RunId,
    /// What the watch said.
    said: Said,
    /// What the same detector says of the same news now.
    again: Said,
    /// Whether both are the same to the letter.
    reproduced: bool,
    /// What the run went by in the end, where something else than the watch said it: its databases.
    overruled_by: Option<Said>,
    /// How many things it heard.
    heard: usize,
    what_if: Option<WhatIf<'a>>,
}

#[derive(Serialize)]
struct WhatIf<'a> {
    settings: &'a [String],
    #[serde(flatten)]
    said: Said,
    /// Whether the recording ends before the watch would have: what came after is not known.
    open: bool,
}

#[derive(Debug, Serialize, PartialEq)]
struct Said {
    verdict: Verdict,
    at: Timestamp,
    /// Seconds since the watch began.
    delay_s: f64,
    reasons: Vec<String>,
}

/// Says it again. Ends with 6 where the verdict is not the same.
pub(crate) async fn replay(global: &Global, typed: &str, settings: &[String], ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let run = named(&setup, typed).await?;
    let records = setup.store.run(&run).await?;
    let Some(watch) = kept_watch(setup.blobs.as_ref(), &records).await? else {
        return Err(CliError::usage(format!("nothing of a watch is kept of run `{run}`"))
            .hint("guards keep it since this version, where the deploy was watched to a verdict"));
    };
    let wanted = settings.iter().map(|text| text.parse()).collect::<Result<Vec<Setting>, String>>();
    let wanted = wanted.map_err(|what| CliError::usage(format!("`--what-if`: {what}")))?;
    let fails = |what: String| CliError::usage(what);
    let again = played(&watch, &[]).map_err(fails)?;
    let other = if wanted.is_empty() { None } else { Some(played(&watch, &wanted).map_err(fails)?) };
    let said = said(&watch, &watch.judgement);
    let reproduced = again.judgement == watch.judgement && !again.is_open;
    let document = Document {
        run: &run,
        again: self::said(&watch, &again.judgement),
        reproduced,
        overruled_by: judged(&records).filter(|last| **last != watch.judgement).map(|last| self::said(&watch, last)),
        heard: watch.news.len(),
        what_if: other.map(|Played { judgement, is_open }| WhatIf {
            settings,
            said: self::said(&watch, &judgement),
            open: is_open,
        }),
        said,
    };
    if ui.json {
        ui.document(&document)?;
    } else {
        ui.data(&text(&document));
    }
    Ok(if reproduced { ExitCode::SUCCESS } else { ExitCode::from(Exit::ChecksDoNotHold as u8) })
}

async fn named(setup: &Setup, typed: &str) -> Result<RunId, CliError> {
    match setup.store.find_run(typed).await? {
        Lookup::One(run) => Ok(run.id),
        Lookup::Several(all) => {
            let ids: Vec<&str> = all.iter().map(|run| run.id.as_str()).collect();
            let what = format!("`{typed}` stands for several runs: {}", ids.join(", "));
            Err(CliError::usage(what).hint("type more of it"))
        }
        Lookup::NotFound => {
            Err(CliError::usage(format!("there is no run `{typed}`")).hint("see past runs: `backout history`"))
        }
    }
}

fn judged(records: &[Record]) -> Option<&Judgement> {
    records.iter().rev().find_map(|record| match &record.body {
        Body::Judged { judgement } => Some(judgement),
        _ => None,
    })
}

fn said(watch: &KeptWatch, judgement: &Judgement) -> Said {
    let since = watch.rules.comparing.since;
    let reasons = judgement.findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.what));
    let delay_s = judgement.at.duration_since(since).as_secs_f64();
    Said { verdict: judgement.verdict, at: judgement.at, delay_s, reasons: reasons.collect() }
}

fn text(document: &Document<'_>) -> String {
    let mut lines = vec![format!("run {}", document.run)];
    tell(&mut lines, "it said", &document.said);
    if document.reproduced {
        lines.push(format!("said again     the same, from {}", count(document.heard, "measurement")));
    } else {
        tell(&mut lines, "said again, and NOT THE SAME", &document.again);
    }
    if let Some(last) = &document.overruled_by {
        tell(&mut lines, "the run went by", last);
    }
    if let Some(other) = &document.what_if {
        let settings = other.settings.join(" ");
        tell(&mut lines, &format!("with {settings}"), &other.said);
        if other.open {
            lines.push("  the watch ended there with a verdict: what it would have said later is not known".to_owned());
        }
    }
    lines.join("\n")
}

fn tell(lines: &mut Vec<String>, label: &str, said: &Said) {
    lines.push(format!("{label:<14} {}, {:.1} s after the watch began", said.verdict, said.delay_s));
    lines.extend(said.reasons.iter().map(|reason| format!("  {reason}")));
}
