//! Restores a database where it stands, for want of room beside it. While that goes on the name stands for nothing, so nobody
//! can read or write what is half-built.
//!
//! 1. An empty database is made that keeps the properties, and says which database is to go: the *shell*.
//! 2. The database is frozen and dropped.
//! 3. A copy is built and verified under a name of its own, like the shell.
//! 4. The copy gets the name, and the shell is dropped.
//!
//! What exists says how far it is, so that a run that was killed is carried on by the next.

use backout_core::data::{DataProof, Manifest, RestoreSource, TableContent, TableRows};
use backout_core::port::{DataDone, PortError, Ports, Preflight};
use tokio_postgres::Client;

use super::build::{self, Order};
use super::{create, dropped, replay};
use crate::look::checksums;
use crate::look::contents::{Hashes, contents};
use crate::marks::{self, Marked, PlacedMark};
use crate::words::{failed, quoted};
use crate::{Session, Target, stored, swap};

/// What is to stand under which name.
pub(super) struct Wanted<'a> {
    /// Where it comes from.
    pub(super) source: &'a RestoreSource,
    /// The name that applications use.
    pub(super) live: &'a str,
    /// The run that wants it; see [`backout_core::data::DataAct::RestoreInPlace`].
    pub(super) run: &'a str,
}

/// The names beside the one that applications use.
struct Names {
    live: String,
    shell: String,
    fresh: String,
}

impl Names {
    fn of(live: &str) -> Self {
        // Names longer than 63 bytes would be cut, and could meet.
        let short: String = live.chars().take(40).collect();
        Self { live: live.to_owned(), shell: format!("{short}_properties"), fresh: format!("{short}_restoring") }
    }
}

/// What is written on the shell before the database that is to go: what it is for, and by which run.
fn purpose(wanted: &Wanted<'_>) -> String {
    format!("{} by run {} in place of ", build::source(wanted.source, &[]), wanted.run)
}

/// Restores.
pub(super) async fn restore(target: &Target, wanted: &Wanted<'_>, ports: Ports<'_>) -> Result<DataDone, PortError> {
    let (source, live, names) = (wanted.source, wanted.live, Names::of(wanted.live));
    let client = target.maintenance().await?;
    if !is_begun(&client, wanted, &names).await? {
        make_shell(target, &client, (wanted, &names), ports).await?;
    }
    let mut proof = DataProof::default();
    if let Some(doomed) = doomed(&client, &names).await? {
        let manifest = build::manifest(source, ports).await?;
        proof = drop_doomed(target, &client, &doomed, manifest.as_ref()).await?;
    }
    ports.progress.passed("dropped");
    let order = Order { copy: &names.fresh, source, tables: &[], like: &names.shell };
    if marks::read(&client, live).await?.is_none() {
        let built = build::build(target, &order, ports).await;
        let built = built.map_err(|error| PortError {
            what: format!("{}; the database `{live}` is gone until this succeeds", error.what),
            hint: error.hint.or_else(|| Some("take away what is in the way and resume".to_owned())),
        })?;
        proof.checks.extend(built.checks);
        ports.progress.passed("built");
        place(target, &client, wanted, &names).await?;
        ports.progress.passed("placed");
    }
    dropped::drop_it(&client, &names.shell).await?;
    let seen = format!("`{live}` was restored where it stood from {} and verified", build::source(source, &[]));
    Ok(DataDone { seen, proof, ..DataDone::default() })
}

/// Whether the database in use is what was restored, and nothing is left to do.
pub(super) async fn reached(client: &Client, wanted: &Wanted<'_>) -> Result<(bool, String), PortError> {
    let (source, live, names) = (wanted.source, wanted.live, Names::of(wanted.live));
    let there = marks::read(client, live).await?;
    let is_under_way = marks::read(client, &names.shell).await?.is_some_and(|shell| shell.marks.copy.is_some());
    let order = Order { copy: &names.fresh, source, tables: &[], like: "" };
    let is_of_this_run =
        |there: &Marked| there.marks.placed.as_ref().and_then(|it| it.run.as_deref()) == run_of(wanted);
    Ok(match there {
        None => (false, format!("there is no database `{live}`")),
        Some(_) if is_under_way => (false, format!("`{live}` is being restored")),
        Some(there) if build::is_in_use(&there, &order) && is_of_this_run(&there) => {
            (true, format!("`{live}` is what was restored"))
        }
        Some(_) => (false, format!("`{live}` is the database that it was")),
    })
}

/// Takes it back, as long as the database has not been dropped.
pub(super) async fn undo(target: &Target, live: &str) -> Result<String, PortError> {
    let names = Names::of(live);
    let client = target.maintenance().await?;
    let shell = marks::read(&client, &names.shell).await?.filter(is_ours);
    if let (Some(_), Some(doomed)) = (&shell, doomed(&client, &names).await?) {
        allow(&client, &doomed.dbname, true).await?;
    } else if shell.is_some() && marks::read(&client, live).await?.is_none() {
        return Err(PortError::new(format!("`{live}` was dropped to make room, and cannot be brought back"))
            .hint("resume, so that it is restored; or restore another restore point"));
    }
    if let Some(shell) = shell {
        dropped::copy(target, &client, &shell).await?;
    }
    Ok(format!("`{live}` takes connections"))
}

fn is_ours(there: &Marked) -> bool {
    there.marks.copy.is_some() || create::is_newborn(there)
}

/// The run as it is written down; plans of versions that knew no run have none.
fn run_of<'a>(wanted: &Wanted<'a>) -> Option<&'a str> {
    Some(wanted.run).filter(|run| !run.is_empty())
}

/// Whether there is a shell to go on with.
///
/// | shell has all properties | of this run | the name stands for | |
/// |---|---|---|---|
/// | no | | | is made |
/// | yes | yes | | is gone on with |
/// | yes | no | a database | is made anew: that one's run came to an end or was given up |
/// | yes | no | nothing, or what nobody can connect to again | is gone on with: nothing else has the properties |
async fn is_begun(client: &Client, wanted: &Wanted<'_>, names: &Names) -> Result<bool, PortError> {
    let shell = marks::read(client, &names.shell).await?.and_then(|shell| shell.marks.copy);
    let Some(shell) = shell.filter(|mark| mark.verified.is_some()) else { return Ok(false) };
    let live = marks::read(client, &names.live).await?;
    Ok(shell.source.starts_with(&purpose(wanted)) || live.is_none_or(|live| live.is_invalid()))
}

async fn make_shell(
    target: &Target,
    client: &Client,
    (wanted, names): (&Wanted<'_>, &Names),
    ports: Ports<'_>,
) -> Result<(), PortError> {
    let source = wanted.source;
    if let Some(half) = marks::read(client, &names.shell).await? {
        dropped::copy(target, client, &half).await?;
    }
    let live = marks::read(client, &names.live).await?;
    let live = live.ok_or_else(|| PortError::new(format!("there is no database `{}`", names.live)))?;
    swap::unhindered(client, &live).await?;
    if let Some(point) = source.point()
        && let Preflight::Gone { why } = stored::is_stored(target, point).await
    {
        return Err(PortError::new(format!("{why}: nothing was changed")).hint("choose another restore point"));
    }
    let manifest = build::manifest(source, ports).await?;
    let properties = build::wanted(client, &names.live, manifest.as_ref()).await?;
    let order = Order { copy: &names.shell, source, tables: &[], like: &names.live };
    let mut marks = build::marked(&order, &properties);
    if let Some(mark) = &mut marks.copy {
        mark.source = format!("{}{}", purpose(wanted), live.oid);
    }
    create::create(client, &names.shell, &properties, marks).await?;
    replay::replay(client, &names.shell, &properties).await?;
    build::verify(target, client, &names.shell).await
}

/// The database that the shell says is to go, where it is still there.
async fn doomed(client: &Client, names: &Names) -> Result<Option<Marked>, PortError> {
    let live = marks::read(client, &names.live).await?;
    let shell = marks::read(client, &names.shell).await?;
    let purpose = shell.and_then(|shell| shell.marks.copy).map(|mark| mark.source).unwrap_or_default();
    Ok(live.filter(|live| purpose.ends_with(&format!(" in place of {}", live.oid))))
}

/// Drops the database; answers with what it had, which nobody can ask afterwards.
async fn drop_doomed(
    target: &Target,
    client: &Client,
    doomed: &Marked,
    manifest: Option<&Manifest>,
) -> Result<DataProof, PortError> {
    let mut proof = DataProof::uncounted("an interrupted run has begun to drop the database");
    if !doomed.is_invalid() {
        // Nobody comes in once it is frozen. One that a run before this has frozen lets not even us in.
        let inside = look_inside(target, &doomed.dbname).await;
        let spared: Vec<i32> = inside.iter().map(|(_, pid)| *pid).collect();
        allow(client, &doomed.dbname, false).await?;
        let ended = swap::sessions::end(client, &[doomed.oid], &spared).await;
        if let Err(error) = ended {
            allow(client, &doomed.dbname, true).await?;
            return Err(error);
        }
        proof = match inside {
            Ok((session, _)) => last_look(&session, manifest).await,
            Err(error) => DataProof::uncounted(error.to_string()),
        };
    }
    dropped::drop_it(client, &doomed.dbname).await?;
    Ok(proof)
}

/// A session inside, with its number on the server.
async fn look_inside(target: &Target, dbname: &str) -> Result<(Session, i32), PortError> {
    let session = target.admin(dbname).await?;
    let row = session.query_one("SELECT pg_backend_pid()", &[]).await;
    let pid = row.map_err(|error| failed("could not read the number of a session", &error))?.get(0);
    Ok((session, pid))
}

/// What a frozen database has, beside what takes its place.
async fn last_look(doomed: &Client, manifest: Option<&Manifest>) -> DataProof {
    let count = |table: &TableContent| (table.name.clone(), table.rows);
    let mut proof = match (contents(doomed, Hashes::None).await, manifest) {
        (Ok(before), Some(after)) => {
            let rows = TableRows::between(before.iter().map(count), after.tables.iter().map(count));
            DataProof { rows, ..DataProof::default() }
        }
        (Ok(_), None) => DataProof::uncounted("there is no manifest of what takes its place"),
        (Err(error), _) => DataProof::uncounted(error.to_string()),
    };
    proof.checks.push(checksums(doomed).await);
    proof
}

async fn allow(client: &Client, dbname: &str, connections: bool) -> Result<(), PortError> {
    let change = format!("ALTER DATABASE {} ALLOW_CONNECTIONS {connections}", quoted(dbname));
    let changed = client.batch_execute(&change).await;
    changed.map_err(|error| failed(&format!("whether `{dbname}` takes connections could not be changed"), &error))
}

/// Opens the verified copy and gives it the name, in one transaction.
async fn place(target: &Target, client: &Client, wanted: &Wanted<'_>, names: &Names) -> Result<(), PortError> {
    let fresh = marks::read(client, &names.fresh).await?;
    let mut fresh = fresh.ok_or_else(|| PortError::new(format!("database `{}` is gone", names.fresh)))?;
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(swap::opening(client, &fresh).await?);
    statements.push(format!("ALTER DATABASE {} RENAME TO {}", quoted(&names.fresh), quoted(&names.live)));
    let (source, run) = (Some(build::source(wanted.source, &[])), run_of(wanted).map(str::to_owned));
    let (was, at) = (names.fresh.clone(), target.clock.now());
    // Where that cannot be read, a later estimate knows less.
    let opened = match target.admin(&names.fresh).await {
        Ok(session) => swap::opened(&session).await.ok(),
        Err(_) => None,
    };
    let (base, point) = (opened.map(|opened| opened.transaction), wanted.source.point().map(|point| point.id.clone()));
    (fresh.marks.copy, fresh.marks.closed) = (None, None);
    fresh.marks.placed = Some(PlacedMark { was, source, run, at, subscriptions: Vec::new(), opened, base, point });
    statements.push(fresh.statement(&names.live));
    statements.push("COMMIT".to_owned());
    swap::sessions::end(client, &[fresh.oid], &[]).await?;
    let placed = swap::change(client, &statements.join("; ")).await;
    placed.map_err(|error| failed(&format!("`{}` could not be given its name", names.live), &error))
}
