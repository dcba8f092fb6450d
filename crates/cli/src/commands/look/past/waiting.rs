//! Open runs whose plan waits for people to agree to it.

use backout_core::id::RunId;
use backout_core::policy::agreed;
use backout_core::port::Store;
use backout_core::run::Run;
use backout_engine::asked;
use backout_engine::store::RunSummary;
use jiff::Timestamp;
use serde::Serialize;

use super::pending::left;
use crate::error::CliError;
use crate::wire::Setup;

/// A plan that waits.
#[derive(Serialize)]
pub(crate) struct Waiting {
    run: RunId,
    /// What people agree to.
    what: String,
    /// How many must.
    needed: u32,
    agreed: Vec<String>,
    /// Until when they are waited for.
    until: Timestamp,
}

/// The open runs that wait for people.
pub(crate) async fn waiting(setup: &Setup, open: &[RunSummary]) -> Result<Vec<Waiting>, CliError> {
    let mut all = Vec::new();
    for run in open {
        let records = setup.store.run(&run.id).await?;
        // A run of a newer version may say what this one does not know; it is shown as open.
        let Ok(machine) = Run::replay(&records) else { continue };
        let state = machine.state();
        let Some((until, asked)) = state.waits_for_people_until().zip(asked(state, &run.id)) else { continue };
        all.push(Waiting {
            run: run.id.clone(),
            what: asked.needed.what.clone(),
            needed: asked.needed.people,
            agreed: agreed(&records, &asked).into_iter().collect(),
            until,
        });
    }
    Ok(all)
}

impl Waiting {
    /// What it waits for, and what to do.
    pub(crate) fn line(&self, now: Timestamp) -> String {
        let who = if self.agreed.is_empty() { "nobody yet".to_owned() } else { self.agreed.join(", ") };
        format!(
            "waiting: {} people must agree before {} ({who}), {}: `backout approve {} --as NAME`",
            self.needed,
            self.what,
            left(self.until, now),
            self.run
        )
    }
}
