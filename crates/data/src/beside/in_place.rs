//! Restores a database where it stands, for want of room beside it. While that goes on the name stands for nothing, so nobody
//! can read or write what is half-built.
//!
//! 1. An empty database is made that keeps the properties, and says which database is to go: the *shell*.
//! 2. The database is frozen and dropped.
//! 3. A copy is built and verified under a name of its own, like the shell.
//! 4. The copy gets the name, and the shell is dropped.
//!
//! What exists says how far it is, so that a run that was killed is carried on by the next.

use backout_core::data::RestoreSource;
use backout_core::port::{PortError, Ports, Preflight};
use tokio_postgres::Client;

use super::build::{self, Order};
use super::{create, dropped, replay};
use crate::marks::{self, Marked, PlacedMark};
use crate::words::{failed, quoted};
use crate::{Target, stored, swap};

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

/// What is written on the shell: what it is for, and which database is to go.
fn purpose(source: &RestoreSource, doomed: u32) -> String {
    format!("{} in place of {doomed}", build::source(source, &[]))
}

/// Restores.
pub(super) async fn restore(
    target: &Target,
    (source, live): (&RestoreSource, &str),
    ports: Ports<'_>,
) -> Result<String, PortError> {
    let names = Names::of(live);
    let client = target.maintenance().await?;
    if complete_shell(&client, &names).await?.is_none() {
        make_shell(target, &client, (source, &names), ports).await?;
    }
    if let Some(doomed) = doomed(&client, &names).await? {
        drop_doomed(&client, &doomed).await?;
    }
    ports.progress.passed("dropped");
    let order = Order { copy: &names.fresh, source, tables: &[], like: &names.shell };
    if marks::read(&client, live).await?.is_none() {
        let built = build::build(target, &order, ports).await;
        built.map_err(|error| PortError {
            what: format!("{}; the database `{live}` is gone until this succeeds", error.what),
            hint: error.hint.or_else(|| Some("take away what is in the way and resume".to_owned())),
        })?;
        ports.progress.passed("built");
        place(target, &client, &order, &names).await?;
        ports.progress.passed("placed");
    }
    dropped::drop_it(&client, &names.shell).await?;
    Ok(format!("`{live}` was restored where it stood from {} and verified", build::source(source, &[])))
}

/// Whether the database in use is what was restored, and nothing is left to do.
pub(super) async fn reached(client: &Client, source: &RestoreSource, live: &str) -> Result<(bool, String), PortError> {
    let names = Names::of(live);
    let there = marks::read(client, live).await?;
    let is_under_way = marks::read(client, &names.shell).await?.is_some_and(|shell| shell.marks.copy.is_some());
    let order = Order { copy: &names.fresh, source, tables: &[], like: "" };
    Ok(match there {
        None => (false, format!("there is no database `{live}`")),
        Some(_) if is_under_way => (false, format!("`{live}` is being restored")),
        Some(there) if build::is_in_use(&there, &order) => (true, format!("`{live}` is what was restored")),
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

/// The shell, where it has all the properties.
async fn complete_shell(client: &Client, names: &Names) -> Result<Option<Marked>, PortError> {
    let shell = marks::read(client, &names.shell).await?;
    Ok(shell.filter(|shell| shell.marks.copy.as_ref().is_some_and(|mark| mark.verified.is_some())))
}

async fn make_shell(
    target: &Target,
    client: &Client,
    (source, names): (&RestoreSource, &Names),
    ports: Ports<'_>,
) -> Result<(), PortError> {
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
        mark.source = purpose(source, live.oid);
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

async fn drop_doomed(client: &Client, doomed: &Marked) -> Result<(), PortError> {
    if !doomed.is_invalid() {
        allow(client, &doomed.dbname, false).await?;
        let ended = swap::sessions::end(client, &[doomed.oid], &[]).await;
        if let Err(error) = ended {
            allow(client, &doomed.dbname, true).await?;
            return Err(error);
        }
    }
    dropped::drop_it(client, &doomed.dbname).await
}

async fn allow(client: &Client, dbname: &str, connections: bool) -> Result<(), PortError> {
    let change = format!("ALTER DATABASE {} ALLOW_CONNECTIONS {connections}", quoted(dbname));
    let changed = client.batch_execute(&change).await;
    changed.map_err(|error| failed(&format!("whether `{dbname}` takes connections could not be changed"), &error))
}

/// Opens the verified copy and gives it the name, in one transaction.
async fn place(target: &Target, client: &Client, order: &Order<'_>, names: &Names) -> Result<(), PortError> {
    let fresh = marks::read(client, &names.fresh).await?;
    let mut fresh = fresh.ok_or_else(|| PortError::new(format!("database `{}` is gone", names.fresh)))?;
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(swap::opening(client, &fresh).await?);
    statements.push(format!("ALTER DATABASE {} RENAME TO {}", quoted(&names.fresh), quoted(&names.live)));
    let source = Some(build::source(order.source, &[]));
    let (was, at) = (names.fresh.clone(), target.clock.now());
    (fresh.marks.copy, fresh.marks.closed) = (None, None);
    fresh.marks.placed = Some(PlacedMark { was, source, at, subscriptions: Vec::new() });
    statements.push(fresh.statement(&names.live));
    statements.push("COMMIT".to_owned());
    swap::sessions::end(client, &[fresh.oid], &[]).await?;
    let placed = swap::change(client, &statements.join("; ")).await;
    placed.map_err(|error| failed(&format!("`{}` could not be given its name", names.live), &error))
}
