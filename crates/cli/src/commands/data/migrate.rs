//! `backout migrate`: what was applied to databases, and undoing it.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::data::{DatabaseSeen, Ledger, Preserve, Revision, Rung};
use backout_core::id::DatabaseName;
use backout_core::inventory::last_known_good;
use backout_data::Postgres;
use backout_engine::look_at_databases;
use serde::Serialize;

use super::by_hand::{Deed, Hand};
use super::named::databases;
use crate::args::{DataArgs, Global, MigrateAction, PlanArgs, RollbackArgs, ScopeArgs, ToldArgs};
use crate::commands::{act, look};
use crate::error::{CliError, Exit};
use crate::ui::{Ui, agrees, count};
use crate::wire::{self, Access, Setup};

/// Does what is asked about migrations.
pub(crate) async fn migrate(global: &Global, action: MigrateAction, ui: Ui) -> Result<ExitCode, CliError> {
    match action {
        MigrateAction::Status => status(global, ui).await,
        MigrateAction::Plan { target, database } => {
            let data = reversing(global, database, ui)?;
            let scope = ScopeArgs::default();
            look::plan(global, &PlanArgs { target, scope, out: None, data }, ui).await
        }
        MigrateAction::Reverse { target, database, force, reason, approved_by, yes } => {
            let data = DataArgs { approved_by, ..reversing(global, database, ui)? };
            let scope = ScopeArgs { force, ..ScopeArgs::default() };
            act::rollback(
                global,
                &RollbackArgs {
                    target,
                    scope,
                    data,
                    yes,
                    reason,
                    told: ToldArgs::default(),
                    plan: None,
                    remove_orphans: false,
                    no_observe: true,
                    dry_run: false,
                },
                ui,
            )
            .await
        }
        MigrateAction::Reapply { database, yes } => reapply(global, &database, yes, ui).await,
    }
}

/// The databases named, or all that have migrations, by undoing those.
fn reversing(global: &Global, typed: Vec<String>, ui: Ui) -> Result<DataArgs, CliError> {
    let rung = Some(Rung::ReverseMigrations.as_str().to_owned());
    if !typed.is_empty() {
        return Ok(DataArgs { database: typed, rung, ..DataArgs::default() });
    }
    let setup = Setup::open(global, Ui { quiet: true, ..ui }, Access::Read)?;
    let migrated = setup.environment.databases.iter().filter(|(_, database)| database.migrations.is_some());
    let database: Vec<String> = migrated.map(|(name, _)| name.to_string()).collect();
    if database.is_empty() {
        return Err(CliError::usage("no database says which tool migrates it")
            .hint("add `migrations: { django: { in: app } }` or the like to it"));
    }
    Ok(DataArgs { database, rung, ..DataArgs::default() })
}

#[derive(Serialize)]
struct Status {
    databases: Vec<Migrated>,
}

/// One database and its migrations.
#[derive(Serialize)]
struct Migrated {
    database: DatabaseName,
    ledgers: Vec<Ledger>,
    /// What was applied since the last known good checkpoint; `None` where that does not say.
    since_good: Option<Vec<Revision>>,
    kept: Vec<Preserve>,
    unknown: Option<String>,
}

async fn status(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    databases(&setup, &[])?;
    let world = look::world(&setup)?;
    let checkpoints = setup.store.checkpoints(&setup.environment.name).await?;
    let good = last_known_good(&checkpoints).map(|graded| &graded.checkpoint.databases);
    let facts = look_at_databases(&world).await;
    let postgres = wire::databases(&setup);
    let mut each = Vec::new();
    for fact in facts {
        let then = good.and_then(|good| good.get(&fact.database));
        let (ledgers, unknown) = match fact.seen {
            DatabaseSeen::Known(state) => (state.ledgers, None),
            DatabaseSeen::Unknown { why } => (Vec::new(), Some(why)),
        };
        let since_good = then.map(|then| newer(&then.ledgers, &ledgers));
        let kept = match postgres.get(&fact.database).filter(|_| unknown.is_none()) {
            Some(postgres) => postgres.preserved().await?.into_iter().flat_map(|(_, objects)| objects).collect(),
            None => Vec::new(),
        };
        each.push(Migrated { database: fact.database, ledgers, since_good, kept, unknown });
    }
    let status = Status { databases: each };
    if ui.json {
        ui.document(&status)?;
    } else {
        status.databases.iter().for_each(|migrated| ui.data(&text(migrated)));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is applied now and was not then.
fn newer(then: &[Ledger], now: &[Ledger]) -> Vec<Revision> {
    let was = |ledger: &Ledger, revision: &Revision| {
        then.iter().any(|old| old.framework == ledger.framework && old.applied.contains(revision))
    };
    let applied = now.iter().flat_map(|ledger| ledger.applied.iter().map(move |revision| (ledger, revision)));
    applied.filter(|(ledger, revision)| !was(ledger, revision)).map(|(_, revision)| revision.clone()).collect()
}

fn text(migrated: &Migrated) -> String {
    let name = &migrated.database;
    if let Some(why) = &migrated.unknown {
        return format!("{name}: cannot be seen: {why}");
    }
    let mut lines = Vec::new();
    for ledger in &migrated.ledgers {
        let last = ledger.applied.last().map_or_else(|| "none".to_owned(), ToString::to_string);
        let dirty = if ledger.is_dirty { "; one failed half-way or is running" } else { "" };
        lines.push(format!("{name}: {}, {} applied, the last {last}{dirty}", ledger.framework, ledger.applied.len()));
    }
    if migrated.ledgers.is_empty() {
        lines.push(format!("{name}: no tool has written down migrations in it"));
    }
    lines.push(match &migrated.since_good {
        None => "  the last known good checkpoint does not say what was applied".to_owned(),
        Some(newer) if newer.is_empty() => "  nothing was applied since the last known good checkpoint".to_owned(),
        Some(newer) => {
            let names: Vec<String> = newer.iter().map(ToString::to_string).collect();
            format!("  since the last known good checkpoint: {}", names.join(", "))
        }
    });
    if !migrated.kept.is_empty() {
        let kept = count(migrated.kept.len(), "object");
        lines.push(format!("  {kept} kept by an earlier rollback; `backout migrate reapply` puts them back"));
    }
    lines.join("\n")
}

/// Puts back what was kept when migrations were undone: renamed or copied, by whatever tool.
async fn reapply(global: &Global, typed: &[String], yes: bool, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let names = databases(&setup, typed)?;
    let mut all = Vec::new();
    for (database, postgres) in wire::databases(&setup).into_iter().filter(|(name, _)| names.contains(name)) {
        for (kept_in, objects) in postgres.preserved().await? {
            let objects = count(objects.len(), "object");
            ui.say(&format!("{objects} of `{database}` kept in `{kept_in}` come back"));
            all.push((database.clone(), Arc::clone(&postgres), kept_in));
        }
    }
    if all.is_empty() {
        ui.say("nothing was kept that could be put back");
        return Ok(ExitCode::SUCCESS);
    }
    if !yes && !agrees(ui, "Put it back?")? {
        return Err(CliError::new(Exit::Refused, "not confirmed; nothing was changed"));
    }
    let hand = Hand::begin(&setup, "migrate reapply").await?;
    let done = put_back(&hand, &all).await;
    hand.finish().await;
    let seen = done?;
    if ui.json {
        ui.document(&serde_json::json!({ "seen": seen }))?;
    } else {
        seen.iter().for_each(|seen| ui.data(seen));
    }
    Ok(ExitCode::SUCCESS)
}

async fn put_back(hand: &Hand, all: &[(DatabaseName, Arc<Postgres>, String)]) -> Result<Vec<String>, CliError> {
    let mut seen = Vec::new();
    for (database, postgres, kept_in) in all {
        let deed = Deed { command: "migrate reapply", database, subject: kept_in, about: None };
        let sentences = hand.does(&deed, postgres.reapply(kept_in), |sentences| sentences.join("; ")).await?;
        seen.extend(sentences.into_iter().map(|sentence| format!("{database}: {sentence}")));
    }
    Ok(seen)
}
