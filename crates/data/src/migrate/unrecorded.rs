//! Having a tool write down what it did and did not live to write down.
//!
//! Contract: `core` decides from a trial ([`backout_core::migrate::unrecorded`]) of which nothing stays: it is rolled back,
//! waits for no lock longer than any migration does, and for nothing longer than [`LIMIT_MS`]. What is not proven is not
//! written down.
//!
//! Whose window it is: Django's alone among the tools that run by themselves. Alembic, Rails and node-pg-migrate write the
//! migration down in the transaction that does it, and so do we for SQL that we run.

use backout_core::data::Revision;
use backout_core::migrate::{Trial, unrecorded, whole};
use backout_core::port::{ErrandOutput, PortError};
use tokio_postgres::Client;

use super::run::{AGAIN, Work, not_done};
use super::tool;
use crate::look::schema;
use crate::words::failed;

/// How long one statement of a trial may take, in milliseconds: it holds locks that applications wait for.
const LIMIT_MS: u32 = 10_000;

/// Which way a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is undone.
    Back,
    /// It is applied.
    Forth,
}

impl Work<'_> {
    /// Has the tool do something. Where it fails on what an earlier call did and did not live to write down, has it write
    /// that down. Answers with what it said first.
    pub(super) async fn asked(
        &mut self,
        argv: Vec<String>,
        revision: &Revision,
        way: Way,
    ) -> Result<Option<ErrandOutput>, PortError> {
        let said = self.run(argv.clone(), &format!("migration-{revision}.txt")).await?;
        let scripts = tool::scripts(self.migrations, revision);
        if said.code == 0 || self.is_reached(revision, way).await? {
            return Ok(Some(said));
        }
        let Some((forth, back)) = scripts else { return Ok(Some(said)) };
        let scripts = match way {
            Way::Back => [forth, back],
            Way::Forth => [back, forth],
        };
        if let Err(why) = self.proven(scripts, revision).await {
            let what = match way {
                Way::Back => format!("migration `{revision}` was not undone"),
                Way::Forth => format!("migration `{revision}` was not applied again"),
            };
            let what =
                format!("{}; nor is it done and only not written down: {why}", not_done(&what, Some(&said)).what);
            return Err(PortError::new(what).hint(AGAIN));
        }
        let write_down = [argv, vec![tool::WRITE_DOWN.to_owned()]].concat();
        self.run(write_down, &format!("migration-{revision}-written-down.txt")).await?;
        self.written_down += 1;
        Ok(Some(said))
    }

    /// Tries the two scripts that the tool prints, the one that leads away first.
    async fn proven(&mut self, scripts: [Vec<String>; 2], revision: &Revision) -> Result<(), String> {
        let mut ways = Vec::new();
        for (argv, name) in scripts.into_iter().zip(["away", "back"]) {
            let printed = self.run(argv, &format!("migration-{revision}-{name}.txt")).await.map_err(|it| it.what)?;
            let script = (printed.code == 0).then(|| String::from_utf8_lossy(&printed.stdout).into_owned());
            let script = script.ok_or("the tool does not say what the migration does")?;
            ways.push(whole(&script).ok_or("it is not one transaction, so that a part of it may be done")?);
        }
        let trial = tried(&self.session, &ways).await.map_err(|it| it.what)?;
        unrecorded(&trial)
    }
}

/// Goes both ways in a transaction of which nothing stays.
async fn tried(client: &Client, ways: &[Vec<String>]) -> Result<Trial, PortError> {
    let begin = format!("BEGIN; SET LOCAL statement_timeout = {LIMIT_MS}");
    client.batch_execute(&begin).await.map_err(|error| failed("a trial could not begin", &error))?;
    let tried = both_ways(client, ways).await;
    client.batch_execute("ROLLBACK").await.map_err(|error| failed("a trial could not be rolled back", &error))?;
    tried
}

async fn both_ways(client: &Client, ways: &[Vec<String>]) -> Result<Trial, PortError> {
    let mut seen = vec![schema(client).await?];
    for (way, what) in ways.iter().zip(["going the other way in a trial failed", "coming back in a trial failed"]) {
        for statement in way {
            client.batch_execute(statement).await.map_err(|error| failed(what, &error))?;
        }
        seen.push(schema(client).await?);
    }
    match <[_; 3]>::try_from(seen) {
        Ok([now, across, back]) => Ok(Trial { now, across, back }),
        Err(_) => Err(PortError::new("a trial goes two ways")),
    }
}
