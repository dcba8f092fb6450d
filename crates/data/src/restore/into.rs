//! Restores a dump into a database that is there and empty.

use backout_adapters::command::Command;
use backout_core::data::{Manifest, ObjectName, PointKind, RestorePoint};
use backout_core::port::{PortError, Progress};
use tokio_postgres::Client;

use super::entries::Entries;
use super::ownership::{self, Ourselves};
use super::{Dump, Shielded, Staged, arguments};
use crate::pipe::{Moved, Need, blocking, feed, watched};
use crate::words::failed;
use crate::{Address, Target, seal};

/// How a dump is restored.
pub(crate) struct RestoreOptions<'a> {
    /// What is in it, where that is known: roles are looked for by it before anything is changed.
    pub(crate) manifest: Option<&'a Manifest>,
    /// The rows of these tables only, by the names of those that hold rows: of a partitioned table its partitions. Every
    /// definition comes but for foreign keys and triggers. Empty is all; SQL text is always restored whole.
    pub(crate) tables: &'a [ObjectName],
    /// How many connections restore at once, where the dump allows it.
    pub(crate) jobs: u32,
    /// Looks on: bytes of what is stored.
    pub(crate) progress: &'a dyn Progress,
}

/// Restores `point` into the empty database at `server`, where `server` is a role that may create everything in it.
///
/// # Errors
/// A role that is missing, or one that we may not act for; a database that is not empty; what was changed or cut short in
/// the store; the first error of the restore. Whatever was restored until then is still there.
pub(crate) async fn into(
    target: &Target,
    server: &Address,
    point: &RestorePoint,
    options: &RestoreOptions<'_>,
) -> Result<(), PortError> {
    let session = server.connect().await?;
    is_empty(&session, server).await?;
    let ourselves = Ourselves::on(&session).await?;
    if let Some(manifest) = options.manifest {
        ownership::all_there(manifest, &ourselves)?;
    }
    drop(session);
    let restore = Restore { target, server, point, options, dump: Dump::of(target, point).await? };
    match &point.kind {
        PointKind::Plain { .. } => restore.sql().await,
        _ => restore.archive(&ourselves).await,
    }
}

struct Restore<'a> {
    target: &'a Target,
    server: &'a Address,
    point: &'a RestorePoint,
    options: &'a RestoreOptions<'a>,
    dump: Dump,
}

impl Restore<'_> {
    async fn sql(&self) -> Result<(), PortError> {
        let command = self.program("psql")?.args(arguments::sql(self.server.dbname()));
        let moved = Moved::begin(self.options.progress, "restore", Some(self.dump.bytes()));
        let content = self.dump.content(moved.done.clone()).await?;
        // It looks at how the dump begins, and a dump may have to be asked for.
        let shielded = move || Shielded::new(content).map_err(|error| seal::failed("could not read the dump", &error));
        let content = blocking(shielded).await?;
        let fed = watched(&moved, feed(&command, Box::new(content), Need::All, &self.what())).await;
        fed.map(drop).map_err(|error| match error.what.contains("backslash commands are restricted") {
            true => error.hint("it has commands of `psql` in it, such as `\\connect`: dump one database, without `-C`"),
            false => error,
        })
    }

    async fn archive(&self, ourselves: &Ourselves) -> Result<(), PortError> {
        let laid_open = Moved::begin(self.options.progress, "read", Some(self.dump.bytes()));
        let staged = Staged::of(&self.dump, self.options.jobs, self.point.database_bytes, &laid_open).await?;
        let jobs = if staged.is_seekable(&self.dump.kind) { self.options.jobs } else { 1 };
        let entries = self.entries(&staged, ourselves).await?;
        let ownership = match &entries {
            Some(entries) => ownership::words(&entries.owners(&ourselves.roles), ourselves)?,
            None => Vec::new(),
        };
        let mut words = arguments::archive(self.server.dbname(), jobs, &ownership);
        let list = self.list(entries.as_ref())?;
        words.extend(list.as_ref().map(|list| format!("--use-list={}", list.path().display())));
        let moved = Moved::begin(self.options.progress, "restore", Some(self.dump.bytes()));
        let (path, content) = staged.source(&self.dump, &moved.done).await?;
        let command = self.program("pg_restore")?.args(words).args(path);
        watched(&moved, feed(&command, content, Need::All, &self.what())).await.map(drop)
    }

    /// What is in the archive, where that decides something.
    async fn entries(&self, staged: &Staged, ourselves: &Ourselves) -> Result<Option<Entries>, PortError> {
        if ourselves.is_superuser && self.options.tables.is_empty() {
            return Ok(None);
        }
        let (path, content) = staged.source(&self.dump, &std::sync::Arc::default()).await?;
        let command = self.program("pg_restore")?.arg("--list").args(path);
        let list = feed(&command, content, Need::Some, "could not list what is in the dump").await?;
        Ok(Some(Entries::parse(&String::from_utf8_lossy(&list))))
    }

    /// The file that says which of the entries are wanted, where not all are.
    fn list(&self, entries: Option<&Entries>) -> Result<Option<tempfile::NamedTempFile>, PortError> {
        let Some(entries) = entries.filter(|_| !self.options.tables.is_empty()) else { return Ok(None) };
        let write = || {
            let mut file = tempfile::Builder::new().prefix("backout-list-").tempfile()?;
            std::io::Write::write_all(&mut file, entries.only(self.options.tables).as_bytes())?;
            Ok(Some(file))
        };
        write().map_err(|error| seal::failed("could not write the list of what is wanted", &error))
    }

    fn program(&self, name: &str) -> Result<Command, PortError> {
        Ok(arguments::with_settings(self.target.program(name, self.server)?))
    }

    fn what(&self) -> String {
        format!("could not restore {} into {}", self.point.id, self.server)
    }
}

/// That nothing of anybody is in the database: a restore adds to what is there, and mixes them.
pub(super) async fn is_empty(client: &Client, server: &Address) -> Result<(), PortError> {
    let ask = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' \
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid \
        AND d.deptype = 'e')";
    let row =
        client.query_typed_one(ask, &[]).await.map_err(|error| failed("could not see whether it is empty", &error))?;
    match row.get::<_, i64>(0) {
        0 => Ok(()),
        count => Err(PortError::new(format!("{server} is not empty: {count} relations are in it"))
            .hint("a dump is only restored into a new database: it would mix with what is there")),
    }
}
