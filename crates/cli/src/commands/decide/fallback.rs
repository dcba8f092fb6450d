//! `backout fallback`: what is switched on in place of going back.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::config::FallbackBy;
use backout_core::journal::fallbacks_on;
use backout_core::port::Store;
use backout_engine::switch_fallback;
use jiff::Timestamp;
use serde::Serialize;

use crate::args::{FallbackAction, Global};
use crate::error::CliError;
use crate::ui::{Narrator, Ui, date_time, table};
use crate::wire::{Access, Session, Setup, interrupts};

/// One fallback in the document.
#[derive(Serialize)]
struct Standing {
    name: String,
    by: &'static str,
    on_since: Option<Timestamp>,
}

/// The document.
#[derive(Serialize)]
struct Standings {
    fallbacks: Vec<Standing>,
}

/// Lists fallbacks, or switches them.
pub(crate) async fn fallback(global: &Global, action: FallbackAction, ui: Ui) -> Result<ExitCode, CliError> {
    match action {
        FallbackAction::List => list(global, ui).await,
        FallbackAction::On { name } => switch(global, name, true, ui).await,
        FallbackAction::Off { name } => switch(global, name, false, ui).await,
    }
}

async fn list(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let fallbacks = standings(&setup).await?;
    if ui.json {
        ui.document(&Standings { fallbacks })?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |standing: &Standing| {
        let since =
            standing.on_since.map_or_else(|| "off".to_owned(), |since| format!("on since {}", date_time(since)));
        vec![standing.name.clone(), standing.by.to_owned(), since]
    };
    ui.data(&table(&["FALLBACK", "BY", "STATE"], &fallbacks.iter().map(row).collect::<Vec<_>>()));
    Ok(ExitCode::SUCCESS)
}

async fn standings(setup: &Setup) -> Result<Vec<Standing>, CliError> {
    let on = fallbacks_on(&setup.store.records(&setup.environment.name, &["fallback_switched"]).await?);
    let standing = |name: &String, by| Standing { name: name.clone(), by, on_since: on.get(name).copied() };
    let configured = &setup.environment.fallbacks;
    let known = configured.iter().map(|(name, fallback)| {
        let by = match fallback.by {
            FallbackBy::Commands { .. } => "commands",
            FallbackBy::Webhook(_) => "webhook",
        };
        standing(name, by)
    });
    let gone = on.keys().filter(|name| !configured.contains_key(*name)).map(|name| standing(name, "not configured"));
    Ok(known.chain(gone).collect())
}

async fn switch(global: &Global, name: Option<String>, on: bool, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let names = chosen(standings(&setup).await?, name, on)?;
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let session = Session::begin(&setup, &world, "fallback").await?;
    let mut failed = None;
    for name in names {
        let switched = session.run(switch_fallback(&world, session.lease(), &name, on, setup.process.actor())).await;
        failed = failed.or(switched.err());
    }
    narrator.finish();
    session.finish().await;
    failed.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Those that are switched: the one named, the only one, or for off everything that is on.
fn chosen(standings: Vec<Standing>, name: Option<String>, on: bool) -> Result<Vec<String>, CliError> {
    let names: Vec<String> = standings.iter().map(|standing| standing.name.clone()).collect();
    let hint = format!("there are: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    match name {
        Some(name) if names.contains(&name) => Ok(vec![name]),
        Some(name) => Err(CliError::usage(format!("there is no fallback `{name}`")).hint(hint)),
        None if !on => Ok(standings.into_iter().filter(|it| it.on_since.is_some()).map(|it| it.name).collect()),
        None if names.len() == 1 => Ok(names),
        None => Err(CliError::usage("which fallback?".to_owned()).hint(hint)),
    }
}
