//! Builds a copy beside the database, which stays in use meanwhile, and verifies it.

use backout_core::data::{DatabaseProperties, Manifest, ObjectName, RecoveryTarget, RestoreSource};
use backout_core::policy::Check;
use backout_core::port::{PortError, Ports};
use tokio_postgres::Client;

use super::{access, create, dropped, extensions, replay, room, verified};
use crate::marks::{self, ClosedMark, CopyMark, Marked, Marks};
use crate::recovery::Wanted;
use crate::restore::{self, RestoreOptions};
use crate::words::failed;
use crate::{Session, Target};
use crate::{look, loss, recovery};

/// A copy that is to be.
pub(super) struct Order<'a> {
    /// Its name.
    pub(super) copy: &'a str,
    /// Where it comes from.
    pub(super) source: &'a RestoreSource,
    /// Only these tables; empty is all.
    pub(super) tables: &'a [ObjectName],
    /// The database whose properties it gets, where its restore point has none.
    pub(super) like: &'a str,
}

/// A copy that is there and was verified.
pub(super) struct Built {
    /// What was done, in a sentence.
    pub(super) seen: String,
    /// What was checked; nothing where it had been built before.
    pub(super) checks: Vec<Check>,
}

/// Builds it, unless it is there and verified. Where that fails nothing of it is left.
pub(super) async fn build(target: &Target, order: &Order<'_>, ports: Ports<'_>) -> Result<Built, PortError> {
    let client = target.maintenance().await?;
    if let Some(there) = marks::read(&client, order.copy).await? {
        if is_it(&there, order) {
            return Ok(Built { seen: format!("`{}` is there and was verified", order.copy), checks: Vec::new() });
        }
        // What an interrupted run has left.
        dropped::copy(target, &client, &there).await?;
    }
    let manifest = manifest(order.source, ports).await?;
    let properties = wanted(&client, order.like, manifest.as_ref()).await?;
    let server = target.admin_address().await?.to_database(order.copy);
    let bytes = order.source.point().map_or(0, |point| point.database_bytes);
    room::enough(&client, &server, &properties.tablespace, bytes).await?;
    let built = filled(target, &client, order, (&properties, manifest.as_ref()), ports).await;
    match built {
        Ok(checks) => Ok(Built { seen: sentence(order, &checks), checks }),
        Err(error) => Err(cleared(target, &client, order.copy, error).await),
    }
}

/// Whether a database is this very copy, and was verified.
pub(super) fn is_it(there: &Marked, order: &Order<'_>) -> bool {
    let is_it = |mark: &CopyMark| {
        mark.verified.is_some() && mark.built_as == order.copy && mark.source == source(order.source, order.tables)
    };
    there.marks.kept.is_none() && there.marks.copy.as_ref().is_some_and(is_it)
}

/// Whether a database is what this copy was before a swap.
pub(super) fn is_in_use(live: &Marked, order: &Order<'_>) -> bool {
    let from = source(order.source, order.tables);
    live.marks.placed.as_ref().is_some_and(|placed| placed.was == order.copy && placed.source.as_ref() == Some(&from))
}

/// What a copy is built from, in words that differ where it does.
pub(super) fn source(source: &RestoreSource, tables: &[ObjectName]) -> String {
    let from = match source {
        RestoreSource::Dump { point } => format!("restore point {}", point.id),
        RestoreSource::Log { target, .. } => match target {
            RecoveryTarget::Name { name } => format!("log to `{name}`"),
            RecoveryTarget::Time { at } => format!("log to {at}"),
            RecoveryTarget::Lsn { lsn } => format!("log to {lsn}"),
            RecoveryTarget::Xid { xid } => format!("log before transaction {xid}"),
        },
    };
    let tables: Vec<String> = tables.iter().map(ObjectName::quoted).collect();
    if tables.is_empty() { from } else { format!("{from}: {}", tables.join(", ")) }
}

/// Makes, fills and verifies it.
async fn filled(
    target: &Target,
    client: &Client,
    order: &Order<'_>,
    (properties, manifest): (&DatabaseProperties, Option<&Manifest>),
    ports: Ports<'_>,
) -> Result<Vec<Check>, PortError> {
    // Fails now where a role of the list is gone, and not in the moment that it is replayed.
    access::grants(client, properties.acl.as_deref(), &properties.owner).await?;
    let marks = marked(order, properties);
    create::create(client, order.copy, properties, marks).await?;
    ports.progress.passed("created");
    if let Some(manifest) = manifest {
        let (copy, like) = (target.admin(order.copy).await?, target.admin(order.like).await?);
        extensions::pin(&copy, &like, manifest).await?;
    }
    restored(target, order, manifest, ports).await?;
    ports.progress.passed("restored");
    let inside = target.admin(order.copy).await?;
    inside.batch_execute("ANALYZE").await.map_err(|error| failed("could not gather statistics of the copy", &error))?;
    let sound = if order.tables.is_empty() { verified::soundness(&inside).await } else { Vec::new() };
    drop(inside);
    replay::replay(client, order.copy, properties).await?;
    let mut checks = match manifest {
        Some(manifest) => verified::contents(target, order.copy, manifest, order.tables).await?,
        None => {
            loss::keep_base(target, order.copy).await?;
            Vec::new()
        }
    };
    checks.extend(verified::properties(order.copy, properties, &look::properties(client, order.copy).await?)?);
    verify(target, client, order.copy).await?;
    checks.extend(sound);
    Ok(checks)
}

/// Writes on a database of ours that it is what it shall be.
pub(super) async fn verify(target: &Target, client: &Client, dbname: &str) -> Result<(), PortError> {
    let copy = marks::read(client, dbname).await?;
    let mut copy = copy.ok_or_else(|| PortError::new(format!("database `{dbname}` is gone")))?;
    if let Some(mark) = &mut copy.marks.copy {
        mark.verified = Some(target.clock.now());
    }
    marks::set(client, &copy).await
}

async fn restored(
    target: &Target,
    order: &Order<'_>,
    manifest: Option<&Manifest>,
    ports: Ports<'_>,
) -> Result<(), PortError> {
    let server = target.admin_address().await?.to_database(order.copy);
    match order.source {
        RestoreSource::Dump { point } => {
            let jobs = target.configured.backup.as_ref().map_or(1, |backup| backup.jobs).max(1);
            let options = RestoreOptions { manifest, tables: order.tables, jobs, progress: ports.progress };
            restore::into(target, &server, point, &options).await
        }
        RestoreSource::Log { target: moment, point } => {
            let about = point.as_ref().map(|point| point.taken_at);
            let wanted = Wanted { moment, about, tables: order.tables, progress: ports.progress };
            recovery::into(target, &server, &wanted).await.map(drop)
        }
    }
}

pub(super) fn marked(order: &Order<'_>, properties: &DatabaseProperties) -> Marks {
    let read_only = properties
        .settings
        .iter()
        .find(|setting| setting.role.is_none() && setting.name.eq_ignore_ascii_case("default_transaction_read_only"));
    let copy = CopyMark {
        built_as: order.copy.to_owned(),
        source: source(order.source, order.tables),
        point: order.source.point().map(|point| point.id.clone()),
        verified: None,
    };
    let closed = ClosedMark {
        acl: properties.acl.clone(),
        connection_limit: properties.connection_limit,
        read_only: read_only.map(|setting| setting.value.clone()),
    };
    Marks { copy: Some(copy), closed: Some(closed), ..Marks::default() }
}

/// The manifest of the restore point, where there is one.
pub(super) async fn manifest(source: &RestoreSource, ports: Ports<'_>) -> Result<Option<Manifest>, PortError> {
    let Some(point) = source.point() else { return Ok(None) };
    let content = ports.blobs.get(&point.manifest).await?;
    let manifest = serde_json::from_slice(&content);
    manifest.map(Some).map_err(|error| PortError::new(format!("the manifest of {} cannot be read: {error}", point.id)))
}

/// The properties that the copy gets: those of the restore point where it has some, and those of the database else. Locale and
/// place are those of the database in any case.
pub(super) async fn wanted(
    client: &Client,
    like: &str,
    manifest: Option<&Manifest>,
) -> Result<DatabaseProperties, PortError> {
    let mut now = look::properties(client, like).await?;
    if let Some(closed) = marks::read(client, like).await?.and_then(|like| like.marks.closed) {
        (now.acl, now.connection_limit) = (closed.acl, closed.connection_limit);
    }
    let Some(then) = manifest.map(|manifest| &manifest.properties).filter(|then| !then.owner.is_empty()) else {
        return Ok(now);
    };
    Ok(DatabaseProperties {
        owner: then.owner.clone(),
        acl: then.acl.clone(),
        connection_limit: then.connection_limit,
        settings: then.settings.clone(),
        comment: marks::without(then.comment.as_deref()),
        security_labels: then.security_labels.clone(),
        ..now
    })
}

/// Drops what an attempt has left, after an error.
async fn cleared(target: &Target, client: &Session, copy: &str, error: PortError) -> PortError {
    let dropped = match marks::read(client, copy).await {
        Ok(Some(there)) => dropped::copy(target, client, &there).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match dropped {
        Ok(()) => PortError { what: format!("{}; nothing of the copy is left", error.what), ..error },
        Err(left) => PortError { what: format!("{}; and `{copy}` is left: {}", error.what, left.what), ..error },
    }
}

fn sentence(order: &Order<'_>, checks: &[Check]) -> String {
    let rows = checks.iter().find(|check| check.name == "rows").map(|check| format!(": {}", check.what));
    let rows = rows.unwrap_or_else(|| "; there was no manifest to compare it with".to_owned());
    format!("`{}` was restored from {} and verified{rows}", order.copy, source(order.source, order.tables))
}
