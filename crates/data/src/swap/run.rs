//! A swap from its beginning to its end, from whatever point an earlier run left it at.

use backout_core::port::{PortError, Progress};

use super::freeze::{self, OwnSessions};
use super::names::{Names, Stage, Standing};
use super::pooler::Pooler;
use super::preflight::{self, Prepared};
use super::{aside, exchange};
use crate::{Session, Target};

/// What came of a swap, for a sentence.
pub(super) struct Swapped {
    /// How many sequences were carried on; `None` where an earlier run had exchanged the names.
    pub(super) sequences: Option<usize>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

/// Swaps. Where it fails before the names were exchanged, everything is as it was and takes connections.
pub(super) async fn swap(target: &Target, names: &Names, progress: &dyn Progress) -> Result<Swapped, PortError> {
    let client = alone(target, names).await?;
    let pooler = Pooler::of(target, &names.live);
    let mut standing = Standing::read(&client, names).await?;
    if standing.stage(names) == Stage::Frozen {
        // An earlier run ended here. Its freeze is taken back, because nobody can come in to read the sequences.
        freeze::thaw(target, &client, &standing.live).await?;
        standing = Standing::read(&client, names).await?;
    }
    if let Some(copy) = standing.copy.as_ref().filter(|copy| copy.marks.kept.as_ref().is_some_and(|kept| !kept.locked))
    {
        // It was put aside by a run that ended before it was locked, and takes no connections: not even ours.
        aside::lock(&client, copy).await?;
        standing = Standing::read(&client, names).await?;
    }
    let mut swapped = Swapped { sequences: None, notes: Vec::new() };
    match standing.stage(names) {
        Stage::Impossible | Stage::Frozen => return Err(standing.obstacle(names)),
        Stage::Swapped => {}
        Stage::Before => {
            if let Some(pooler) = &pooler {
                pooler.resume().await?;
            }
            let prepared = preflight::prepare(&client, names, standing).await?;
            let exchanged = exchanged(target, names, &prepared, (&client, pooler.as_ref(), progress)).await;
            let count = match exchanged {
                Ok(count) => count,
                Err(error) => return Err(taken_back(target, names, pooler.as_ref(), error).await),
            };
            progress.passed("swapped");
            swapped.sequences = Some(count);
            swapped.notes.extend(notes(&prepared));
        }
    }
    finish(target, names, (&client, pooler.as_ref(), progress), &mut swapped).await?;
    Ok(swapped)
}

/// Freezes and exchanges; answers with how many sequences were carried on.
async fn exchanged(
    target: &Target,
    names: &Names,
    prepared: &Prepared,
    (client, pooler, progress): (&Session, Option<&Pooler<'_>>, &dyn Progress),
) -> Result<usize, PortError> {
    let inside = OwnSessions::connect(target, prepared).await?;
    progress.passed("prepared");
    if let Some(pooler) = pooler {
        pooler.pause().await?;
        progress.passed("paused");
    }
    let live = freeze::freeze(client, names, prepared, target.clock.now()).await?;
    progress.passed("frozen");
    let quiet = inside.settle(client, prepared).await?;
    progress.passed("settled");
    exchange::exchange(client, names, prepared, (&live, &quiet)).await?;
    Ok(quiet.sequences)
}

/// Everything after the names were exchanged; each part may have been done by an earlier run.
async fn finish(
    target: &Target,
    names: &Names,
    (client, pooler, progress): (&Session, Option<&Pooler<'_>>, &dyn Progress),
    swapped: &mut Swapped,
) -> Result<(), PortError> {
    if let Some(pooler) = pooler {
        pooler.resume().await?;
        progress.passed("resumed");
    }
    let standing = Standing::read(client, names).await?;
    freeze::enable_placed(target, client, &standing.live).await?;
    let Some(damaged) = standing.aside else { return Ok(()) };
    swapped.notes.extend(aside::cut_replicas(target, client, damaged.oid).await?);
    progress.passed("replicas");
    if damaged.marks.kept.as_ref().is_some_and(|kept| !kept.locked) {
        aside::lock(client, &damaged).await?;
    }
    progress.passed("locked");
    Ok(())
}

/// Opens everything again after an error, over a session of its own: the other one may be what failed.
async fn taken_back(target: &Target, names: &Names, pooler: Option<&Pooler<'_>>, error: PortError) -> PortError {
    let opened = async {
        let client = maintenance(target).await?;
        let standing = Standing::read(&client, names).await?;
        let stage = standing.stage(names);
        if stage == Stage::Frozen {
            freeze::thaw(target, &client, &standing.live).await?;
        }
        if let Some(pooler) = pooler {
            pooler.resume().await?;
        }
        Ok::<_, PortError>(stage)
    };
    let live = &names.live;
    let after = match opened.await {
        Ok(Stage::Swapped) => format!("the names were exchanged all the same, and `{live}` takes connections"),
        Ok(_) => format!("nothing was changed, and `{live}` takes connections"),
        Err(worse) => {
            let what = format!("{}; and what was done could not be taken back: {}", error.what, worse.what);
            return PortError { what, hint: worse.hint.or(error.hint) };
        }
    };
    PortError { what: format!("{}; {after}", error.what), ..error }
}

/// Takes a swap back, from whatever point it was left at; where an earlier run has exchanged the names back, what is left of
/// that is done. Answers with what is there then.
pub(super) async fn undo(target: &Target, names: &Names, progress: &dyn Progress) -> Result<String, PortError> {
    let client = alone(target, names).await?;
    let back = names.back();
    let standing = Standing::read(&client, names).await?;
    if standing.stage(names) == Stage::Swapped || standing.stage(&back) == Stage::Swapped {
        drop(client);
        swap(target, &back, progress).await?;
        return Ok(format!(
            "`{}` is the database again that it was; what had taken its place is kept as `{}`",
            names.live, names.copy
        ));
    }
    freeze::thaw(target, &client, &standing.live).await?;
    if let Some(pooler) = Pooler::of(target, &names.live) {
        pooler.resume().await?;
    }
    Ok(format!("`{}` is the database that it was, and takes connections", names.live))
}

/// Whether nothing is left to do, and what was seen.
pub(super) async fn reached(target: &Target, names: &Names) -> Result<(bool, String), PortError> {
    let client = maintenance(target).await?;
    let standing = Standing::read(&client, names).await?;
    let is_paused = match Pooler::of(target, &names.live) {
        Some(pooler) => pooler.is_paused().await?,
        None => false,
    };
    let seen = match standing.stage(names) {
        Stage::Swapped if is_paused => {
            format!("`{}` is the restored database; PgBouncer holds its queries back", names.live)
        }
        Stage::Swapped if !standing.is_finished() => {
            format!("`{}` is the restored database; `{}` is not locked yet", names.live, names.aside)
        }
        Stage::Swapped => {
            return Ok((true, format!("`{}` is the restored database and takes connections", names.live)));
        }
        Stage::Frozen => format!("`{}` is frozen and takes no connections", names.live),
        Stage::Before | Stage::Impossible => format!("`{}` is the database that it was", names.live),
    };
    Ok((false, seen))
}

/// A session outside of the databases that get other names.
async fn maintenance(target: &Target) -> Result<Session, PortError> {
    let session = target.maintenance().await?;
    session
        .batch_execute("SET statement_timeout = '60s'; SET lock_timeout = '30s'; SET search_path = pg_catalog")
        .await
        .map_err(|error| crate::words::failed("could not prepare a session", &error))?;
    Ok(session)
}

/// A session that is the only one to exchange this name. A run that was killed may have a statement under way: the server
/// ends it, and gives its lock to us then.
async fn alone(target: &Target, names: &Names) -> Result<Session, PortError> {
    let session = maintenance(target).await?;
    let lock = "SELECT pg_advisory_lock(hashtextextended('backout exchanges ' || $1::text, 0))";
    session.query_one(lock, &[&names.live]).await.map_err(|error| {
        crate::words::failed(&format!("another session is exchanging the name `{}`", names.live), &error)
            .hint("wait until that run has ended")
    })?;
    Ok(session)
}

/// What a person should know about what goes by the object and not by the name.
fn notes(prepared: &Prepared) -> Vec<String> {
    let slots = prepared.slots.iter().map(|(name, _)| {
        format!("logical slot `{name}` was made anew: its reader must take a new snapshot of everything")
    });
    let subscriptions = prepared.subscriptions.iter().map(|name| {
        format!("subscription `{name}` is off in both databases; its slot at the publisher still waits: attach the restored one by hand")
    });
    slots.chain(subscriptions).collect()
}
