//! `backout notify test|list|flush`: trying, seeing and sending what people are told.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::id::NotifierName;
use backout_core::notify::{Letter, Notice, letter};
use backout_core::port::{Clock, Notifier, Threads};
use backout_engine::clock::SystemClock;
use backout_engine::store::OutboxRow;
use futures_util::future::join_all;
use serde::Serialize;

use crate::args::{Global, NotifyAction};
use crate::commands::incident::write_drafts;
use crate::error::{CliError, Exit};
use crate::ui::{Ui, ago, count, table};
use crate::wire::{Access, Setup, notifiers, salt, teller, templates};

/// What came of a test, for one who is told.
#[derive(Serialize)]
struct Tested {
    notifier: NotifierName,
    delivered: bool,
    error: Option<String>,
}

/// Does one of them.
pub(crate) async fn notify(global: &Global, action: NotifyAction, ui: Ui) -> Result<ExitCode, CliError> {
    match action {
        NotifyAction::Test { name } => test(global, name.as_deref(), ui).await,
        NotifyAction::List => list(global, ui).await,
        NotifyAction::Flush => flush(global, ui).await,
    }
}

/// Sends a test past the outbox: who tries wants to know now.
async fn test(global: &Global, name: Option<&str>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let mut chosen = notifiers(&setup);
    if let Some(name) = name {
        chosen.retain(|known, _| known.as_str() == name);
    }
    if chosen.is_empty() {
        let what =
            name.map_or("nobody is told of anything".to_owned(), |name| format!("nobody called `{name}` is told"));
        return Err(
            CliError::usage(what).hint("name them in the configuration: `notify: { slack: { webhook: \"env:...\" } }`")
        );
    }
    let own = templates(&setup).await;
    let environment = &setup.environment;
    let notice = Notice::test(&setup.found.config.project, &environment.name, SystemClock.now(), salt());
    let each = chosen.iter().map(|(name, notifier)| {
        let template = own.get(name).and_then(|read| read.as_deref().ok());
        tried(name, Arc::clone(notifier), letter(notice.clone(), &environment.notify, template))
    });
    let tested = join_all(each).await;
    let failed = tested.iter().filter(|tested| !tested.delivered).count();
    if ui.json {
        ui.document(&serde_json::json!({ "tested": tested }))?;
    } else {
        for tested in &tested {
            match &tested.error {
                None => ui.data(&format!("{}: delivered", tested.notifier)),
                Some(error) => ui.data(&format!("{}: NOT DELIVERED: {error}", tested.notifier)),
            }
        }
    }
    Ok(exit(failed == 0))
}

async fn tried(name: &NotifierName, notifier: Arc<dyn Notifier>, letter: Letter) -> Tested {
    let error = notifier.send(&letter, &Threads::default()).await.err().map(|error| error.what);
    Tested { notifier: name.clone(), delivered: error.is_none(), error }
}

/// The outbox.
async fn list(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let rows = setup.store.outbox(&setup.environment.name).await?;
    if ui.json {
        ui.document(&serde_json::json!({ "environment": setup.environment.name, "notices": rows }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let now = SystemClock.now();
    let row = |row: &OutboxRow| {
        let state = match (row.state.as_str(), row.attempts) {
            ("waiting", 0) => "waiting".to_owned(),
            ("waiting", _) => format!("waiting, tried {}", count_times(row.attempts)),
            ("given_up", _) => "GIVEN UP".to_owned(),
            (other, _) => other.to_owned(),
        };
        let error = row.error.as_deref().and_then(|error| error.lines().next()).unwrap_or_default().to_owned();
        vec![ago(row.created, now), row.notifier.clone(), state, row.title.clone(), error]
    };
    if rows.is_empty() {
        ui.say("nothing was told in the last 30 days");
    } else {
        ui.data(&table(&["WHEN", "WHO", "STATE", "WHAT", "LAST ERROR"], &rows.iter().map(row).collect::<Vec<_>>()));
    }
    Ok(ExitCode::SUCCESS)
}

fn count_times(times: u32) -> String {
    count(usize::try_from(times).unwrap_or(usize::MAX), "time")
}

/// Sends what waits, also what would be tried later only.
async fn flush(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    write_drafts(&setup).await;
    let teller = teller(&setup, Arc::clone(&setup.store)).await;
    setup.store.hurry(&setup.environment.name, SystemClock.now()).await?;
    let told = teller.flush().await?;
    let rows = setup.store.outbox(&setup.environment.name).await?;
    let waiting = rows.iter().filter(|row| row.state == "waiting").count();
    if ui.json {
        ui.document(&serde_json::json!({ "sent": told.sent, "failed": told.failed, "waiting": waiting }))?;
    } else {
        ui.data(&format!("{} sent, {waiting} waiting", count(told.sent, "notice")));
    }
    if told.failed > 0 {
        ui.say("see why: `backout notify list`");
    }
    Ok(exit(told.failed == 0))
}

fn exit(holds: bool) -> ExitCode {
    if holds { ExitCode::SUCCESS } else { ExitCode::from(Exit::ChecksDoNotHold as u8) }
}
