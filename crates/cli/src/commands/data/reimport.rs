//! `backout backup reimport`: rows that a rollback took away, put back beside what was written since.

use std::path::Path;
use std::process::ExitCode;

use backout_core::data::LossReport;
use backout_core::id::{DatabaseName, RunId};
use backout_core::journal::{Body, Record};
use backout_core::port::Store;
use backout_data::{ReimportOptions, ReimportReport, TableReimport};
use serde::Serialize;

use super::named::{database, table};
use crate::args::{Global, ReimportArgs};
use crate::error::{CliError, Exit};
use crate::ui::{Ui, agrees, table as table_text};
use crate::wire::{Access, Setup, databases};

#[derive(Serialize)]
struct Reimported<'a> {
    run: Option<&'a RunId>,
    database: &'a DatabaseName,
    reimport: &'a ReimportReport,
}

/// Puts rows back; with a dry run only says what that would come to.
pub(super) async fn reimport(global: &Global, args: &ReimportArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let (run, name, report) = lost(&setup, args).await?;
    let Some(file) = &report.file else {
        return Err(CliError::usage("the rows were counted and not listed, so they cannot be put back")
            .hint(format!("they are all in the database `{}`", report.damaged)));
    };
    if !args.dry_run && !args.yes {
        backout_core::report::loss_lines(&report).iter().for_each(|line| ui.say(line));
        ui.say("what was written since is not overwritten; `--dry-run` says what would become of each table");
        if !agrees(ui, &format!("Put the lost rows back into `{name}`?"))? {
            return Err(CliError::new(Exit::Refused, "not confirmed; nothing was changed"));
        }
    }
    let options = ReimportOptions {
        dry_run: args.dry_run,
        tables: args.table.iter().map(|typed| table(typed)).collect(),
        with_deletes: args.with_deletes,
        max_rows: args.max_rows,
        without_triggers: args.without_triggers,
        exclude: args.exclude.clone(),
    };
    let Some(postgres) = databases(&setup).remove(&name) else {
        return Err(CliError::usage(format!("the configuration has no database `{name}` any more")));
    };
    let done = postgres.reimport(Path::new(file), &options).await?;
    if ui.json {
        ui.document(&Reimported { run: run.as_ref(), database: &name, reimport: &done })?;
    } else {
        ui.data(&text(&done));
    }
    Ok(ExitCode::SUCCESS)
}

/// The loss report that is meant: of the run and the database named, else the newest.
async fn lost(setup: &Setup, args: &ReimportArgs) -> Result<(Option<RunId>, DatabaseName, LossReport), CliError> {
    let wanted = args.database.as_deref().map(|typed| database(setup, typed)).transpose()?;
    let records = setup.store.records(&setup.environment.name, &["loss_reported"]).await?;
    let is_of_run = |record: &&Record| match (&args.run, &record.run) {
        (None, _) => true,
        (Some(typed), Some(run)) => run.as_str().starts_with(typed),
        (Some(_), None) => false,
    };
    let found = records.into_iter().rev().filter(|record| is_of_run(&record)).find_map(|record| match record.body {
        Body::LossReported { database, report } => {
            let is_wanted = wanted.as_ref().is_none_or(|wanted| *wanted == database);
            // One that lists nothing has nothing to put back, so the one before it is meant.
            let has_rows = args.run.is_some() || !report.tables.is_empty() || !report.not_compared.is_empty();
            (is_wanted && has_rows).then_some((record.run, database, *report))
        }
        _ => None,
    });
    found.ok_or_else(|| {
        CliError::usage("no rollback has left a list of lost rows")
            .hint("past runs: `backout history`; one of them: `backout show RUN`")
    })
}

fn text(report: &ReimportReport) -> String {
    let row = |of: &TableReimport| {
        let numbers = [of.inserted, of.updated, of.deleted, of.same, of.listed, of.excluded, of.conflicts];
        std::iter::once(of.table.to_string()).chain(numbers.iter().map(ToString::to_string)).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = report.tables.iter().map(row).collect();
    let head = ["TABLE", "PUT IN", "CHANGED BACK", "DELETED", "THERE ALREADY", "LISTED ONLY", "LEFT OUT", "CONFLICTS"];
    let mut lines = vec![table_text(&head, &rows)];
    lines.extend(report.conflicts.iter().map(|file| format!("not put back, each with the reason: {file}")));
    lines.extend(report.undo.iter().map(|file| format!("takes it back when it is put back in its turn: {file}")));
    lines.extend(report.notes.iter().cloned());
    if report.dry_run {
        lines.push("nothing was changed: this was a dry run".to_owned());
    }
    lines.join("\n")
}
