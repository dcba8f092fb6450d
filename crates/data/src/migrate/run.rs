//! Undoing migrations step by step, and applying them again.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::config::Migrations;
use backout_core::data::{Framework, Ledger, Migration, MigrationGraph, Revision};
use backout_core::migrate::runs_sql;
use backout_core::port::{Blobs, DataDone, Errand, ErrandOutput, Evidence, Overlay, PortError};
use tokio_postgres::Client;

use super::files::{self, Files, unpacked};
use super::ledger::{self, Place};
use super::script::Spared;
use super::step::Reversal;
use super::unrecorded::Way;
use super::{archive, keep, mirror, put_back, script, tool};
use crate::words::failed;
use crate::{Session, Target};

/// How long one migration may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// How a session of a migration is set up: it waits for no lock long enough to be felt, never idles with one, and says what
/// it is.
const SETTINGS: [(&str, &str); 4] = [
    ("lock_timeout", "3s"),
    ("statement_timeout", "30min"),
    ("idle_in_transaction_session_timeout", "60s"),
    mirror::OURS,
];
/// The number of the lock that makes us the only one who migrates: `backout` in ASCII.
const LOCK: i64 = 0x62_6163_6b6f_7574;
/// How much of what a tool said an error quotes, in lines.
const QUOTED: usize = 8;

/// What to do after a migration that its tool did not do.
pub(super) const AGAIN: &str = "what was undone before stays undone; going on tries this one again";

/// Everything that a step on migrations works with.
pub(super) struct Work<'a> {
    target: &'a Target,
    pub(super) migrations: &'a Migrations,
    pub(super) session: Session,
    graph: MigrationGraph,
    files: Files,
    /// The vault's files, where the release that is deployed lacks some of them.
    overlay: Option<Overlay>,
    evidence: Vec<Evidence>,
    /// How many migrations were found done, and only not written down.
    pub(super) written_down: usize,
}

/// Undoes what the step says, keeping what would be lost. Goes on where an earlier call was interrupted.
pub(super) async fn reverse(
    target: &Target,
    reversal: &Reversal<'_>,
    blobs: &dyn Blobs,
) -> Result<DataDone, PortError> {
    let mut work = Work::begin(target, reversal, blobs).await?;
    let remaining = work.remaining(reversal).await?;
    let downs: Vec<&str> = reversal.undo.iter().filter_map(|it| work.migration(it).ok()?.down.as_deref()).collect();
    let downs: Vec<String> =
        if runs_sql(reversal.framework) { downs.into_iter().map(str::to_owned).collect() } else { Vec::new() };
    let downs: Vec<&str> = downs.iter().map(String::as_str).collect();
    let spared = Spared::of(&work.session, (reversal.preserve, reversal.kept_in), &downs).await?;
    let copied = match remaining.is_empty() {
        true => 0,
        false => {
            let is_moved = |one: &_| spared.preserve.contains(one);
            let whose = (reversal.framework, reversal.kept_in);
            keep::copy(work.session.client(), whose, reversal.preserve, &is_moved).await?
        }
    };
    let count = remaining.len();
    for revision in &remaining {
        work.undo(revision, &spared).await?;
    }
    mirror::end(&work.session, reversal.kept_in).await?;
    let (ledger, _) = ledger::of(&work.session, reversal.framework).await?;
    if !is_at(&ledger, reversal.target) {
        return Err(PortError::new(format!("the ledger of {} is not where it shall be", reversal.framework))
            .hint("go back by restoring beside"));
    }
    let undone = format!("{count} migrations were undone{}", work.written_down());
    let seen = format!("{undone}, {copied} things were copied aside into `{}`", reversal.kept_in);
    Ok(DataDone { seen, evidence: work.evidence, ..DataDone::default() })
}

/// Applies again what the step undid, and puts back what it kept.
pub(super) async fn forward(target: &Target, reversal: &Reversal<'_>, blobs: &dyn Blobs) -> Result<String, PortError> {
    let mut work = Work::begin(target, reversal, blobs).await?;
    let (ledger, _) = ledger::of(&work.session, reversal.framework).await?;
    let missing = missing(&ledger, reversal);
    for revision in &missing {
        work.apply(revision).await?;
    }
    mirror::end(&work.session, reversal.kept_in).await?;
    let put_back = put_back::all(work.session.client(), reversal.kept_in).await?;
    let applied = format!("{} migrations were applied again{}", missing.len(), work.written_down());
    let sentences = [vec![applied], put_back].concat();
    Ok(sentences.join("; "))
}

/// Puts back whatever a run kept in `kept_in`, after the release that needs it was deployed and migrated again.
pub(crate) async fn reapply(target: &Target, kept_in: &str) -> Result<Vec<String>, PortError> {
    let mut session = target.session().await?;
    begin(&session).await?;
    // A run that was given up may have left this.
    mirror::end(&session, kept_in).await?;
    put_back::all(session.client(), kept_in).await
}

/// Whether a ledger is a target: the same migrations, whatever the order, and nothing half-way.
pub(super) fn is_at(ledger: &Ledger, target: &[Revision]) -> bool {
    let sorted = |revisions: &[Revision]| {
        let mut sorted = revisions.to_vec();
        sorted.sort();
        sorted
    };
    !ledger.is_dirty && sorted(&ledger.applied) == sorted(target)
}

/// Whether a tool writes down only where it stands.
fn only_heads(framework: Framework) -> bool {
    matches!(framework, Framework::Alembic | Framework::GolangMigrate)
}

/// What a step undid that is not there, in the order in which it is applied.
fn missing(ledger: &Ledger, reversal: &Reversal<'_>) -> Vec<Revision> {
    let undone = reversal.undo.iter().rev();
    match only_heads(reversal.framework) {
        false => undone.filter(|it| !ledger.applied.contains(it)).cloned().collect(),
        true => {
            let stands = reversal.undo.iter().position(|it| ledger.applied.contains(it));
            undone.take(stands.unwrap_or(reversal.undo.len())).cloned().collect()
        }
    }
}

/// Limits what the session waits for, and makes it the only one that migrates.
async fn begin(session: &Client) -> Result<(), PortError> {
    let settings: Vec<String> = SETTINGS.iter().map(|(name, value)| format!("SET {name} = '{value}'")).collect();
    let failed = |error: tokio_postgres::Error| failed("could not get ready to migrate", &error);
    session.batch_execute(&settings.join("; ")).await.map_err(failed)?;
    let row = session.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await.map_err(failed)?;
    match row.get(0) {
        true => Ok(()),
        false => Err(PortError::new("another run migrates this database now").hint("wait for it, then go on")),
    }
}

impl<'a> Work<'a> {
    async fn begin(target: &'a Target, reversal: &Reversal<'_>, blobs: &dyn Blobs) -> Result<Self, PortError> {
        let migrations =
            target.configured.migrations.as_ref().ok_or_else(|| {
                PortError::new(format!("no migrations are configured for `{}`", target.configured.name))
            })?;
        let session = target.session().await?;
        begin(&session).await?;
        let archive = archive(target, migrations, reversal.vault, blobs).await?;
        let files = unpacked(&archive)?;
        let graph = files::graph(migrations.framework, &files);
        let is_used = reversal.vault.is_some() && !runs_sql(migrations.framework);
        let lacks = is_used && lacks_some(target, migrations, reversal).await?;
        let overlay = lacks.then(|| Overlay { folder: files::folder(migrations).to_owned(), tar: archive });
        Ok(Self { target, migrations, session, graph, files, overlay, evidence: Vec::new(), written_down: 0 })
    }

    fn migration(&self, revision: &Revision) -> Result<&Migration, PortError> {
        let found = self.graph.migrations.iter().find(|it| it.revision == *revision);
        found.ok_or_else(|| PortError::new(format!("the files of the release have no migration `{revision}`")))
    }

    /// What is still to be undone. What is applied besides was not there when this was planned.
    async fn remaining(&self, reversal: &Reversal<'_>) -> Result<Vec<Revision>, PortError> {
        let (ledger, _) = ledger::of(&self.session, reversal.framework).await?;
        if ledger.is_dirty {
            return Err(PortError::new("a migration has failed half-way or is running")
                .hint("only its author can say what of it is there; or go back by restoring beside"));
        }
        if is_at(&ledger, reversal.target) {
            return Ok(Vec::new());
        }
        let is_known = |it: &&Revision| reversal.undo.contains(it) || reversal.target.contains(it);
        if let Some(other) = ledger.applied.iter().find(|it| !is_known(it)) {
            return Err(
                PortError::new(format!("migration `{other}` was applied since this was planned")).hint("plan anew")
            );
        }
        let first = reversal.undo.iter().position(|it| ledger.applied.contains(it)).unwrap_or(reversal.undo.len());
        let rest = reversal.undo[first..].iter();
        let is_left = |it: &&Revision| only_heads(reversal.framework) || ledger.applied.contains(it);
        Ok(rest.filter(is_left).cloned().collect())
    }

    async fn undo(&mut self, revision: &Revision, spared: &Spared<'_>) -> Result<(), PortError> {
        let (ledger, place) = ledger::of(&self.session, self.migrations.framework).await?;
        let said = match runs_sql(self.migrations.framework) {
            true => {
                let place = known(place)?;
                let migration = self.migration(revision)?.clone();
                script::undo(self.session.client(), &migration, &place, spared).await?;
                None
            }
            false => {
                let argv = tool::undo(self.migrations, &self.graph, &ledger, revision)?;
                self.asked(argv, revision, Way::Back).await?
            }
        };
        match self.is_reached(revision, Way::Back).await? {
            false => Err(not_done(&format!("migration `{revision}` was not undone"), said.as_ref())),
            true => Ok(()),
        }
    }

    async fn apply(&mut self, revision: &Revision) -> Result<(), PortError> {
        let (_, place) = ledger::of(&self.session, self.migrations.framework).await?;
        let said = match runs_sql(self.migrations.framework) {
            true => {
                let (place, migration) = (known(place)?, self.migration(revision)?.clone());
                script::apply(self.session.client(), &migration, &place, &self.files).await?;
                None
            }
            false => self.asked(tool::apply(self.migrations, revision)?, revision, Way::Forth).await?,
        };
        match self.is_reached(revision, Way::Forth).await? {
            false => Err(not_done(&format!("migration `{revision}` was not applied again"), said.as_ref())),
            true => Ok(()),
        }
    }

    /// What is said of those that were done and only not written down.
    fn written_down(&self) -> String {
        match self.written_down {
            0 => String::new(),
            count => format!(" ({count} of them were so already, and only not written down)"),
        }
    }

    /// Whether the ledger says that a migration went that way.
    pub(super) async fn is_reached(&self, revision: &Revision, way: Way) -> Result<bool, PortError> {
        let (ledger, _) = ledger::of(&self.session, self.migrations.framework).await?;
        Ok(!ledger.is_dirty && ledger.applied.contains(revision) == (way == Way::Forth))
    }

    /// Runs the tool where its service runs; what it said is evidence of that name.
    pub(super) async fn run(&mut self, argv: Vec<String>, name: &str) -> Result<ErrandOutput, PortError> {
        let (Some(service), Some(inside)) = (&self.migrations.service, &self.target.inside) else {
            return Err(PortError::new(format!("{} runs in no service that is configured", self.migrations.framework))
                .hint("say which: `migrations: { service: NAME }`"));
        };
        // `libpq` reads these; a tool that does not use it keeps its own.
        let options: Vec<String> = SETTINGS.iter().map(|(name, value)| format!("-c {name}={value}")).collect();
        let variables = BTreeMap::from([("PGOPTIONS".to_owned(), options.join(" "))]);
        let files = self.overlay.clone();
        let errand = Errand { service: service.clone(), argv, variables, limit: LIMIT, files };
        let output = inside.run(&errand).await?;
        let content = [output.stdout.as_slice(), b"\n", &output.stderr].concat();
        self.evidence.push(Evidence { name: name.to_owned(), content });
        Ok(output)
    }
}

/// Whether the release that is deployed now lacks a file of something that is undone.
async fn lacks_some(target: &Target, migrations: &Migrations, reversal: &Reversal<'_>) -> Result<bool, PortError> {
    let deployed = unpacked(&files::fetch(target, migrations).await?)?;
    let graph = files::graph(migrations.framework, &deployed);
    Ok(reversal.undo.iter().any(|it| !graph.migrations.iter().any(|migration| migration.revision == *it)))
}

fn known(place: Option<Place>) -> Result<Place, PortError> {
    place.ok_or_else(|| PortError::new("the tool's own table is gone").hint("go back by restoring beside"))
}

/// What was not done, and the last of what the tool said.
pub(super) fn not_done(what: &str, said: Option<&ErrandOutput>) -> PortError {
    let Some(said) = said else { return PortError::new(what) };
    let text = if said.stderr.is_empty() { &said.stdout } else { &said.stderr };
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(QUOTED)..].join("\n");
    PortError::new(format!("{what}: the tool ended with exit code {} and said: {last}", said.code)).hint(AGAIN)
}
