//! V2: a restore into a server of its own.

use std::collections::BTreeSet;

use backout_core::data::{DatabaseProperties, Extension, Manifest, RestorePoint};
use backout_core::port::{PortError, Progress};
use tokio_postgres::Client;

use crate::restore::{RestoreOptions, into};
use crate::server::{OwnServer, ServerOptions};
use crate::words::{failed, literal, quoted};
use crate::{Session, Target};

/// Settings of a server that nobody misses when the machine dies.
const SETTINGS: [(&str, &str); 6] = [
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_wal_size", "4GB"),
    ("autovacuum", "off"),
    ("max_locks_per_transaction", "1024"),
    ("max_prepared_transactions", "0"),
];

/// What must be there before a restore.
pub(crate) struct Needs<'a> {
    /// Roles that own or are granted something. Made without the right to log in.
    pub(crate) roles: &'a [String],
    /// Extensions.
    pub(crate) extensions: &'a [Extension],
    /// Encoding and locale, where they are known.
    pub(crate) properties: Option<&'a DatabaseProperties>,
    /// The version of the server that was dumped, where it is known.
    pub(crate) server_version: Option<u32>,
    /// The cluster that this must not be.
    pub(crate) not_cluster: Option<&'a str>,
}

impl<'a> Needs<'a> {
    /// What the manifest says.
    pub(crate) fn of(manifest: &'a Manifest) -> Self {
        Self {
            roles: &manifest.roles,
            extensions: &manifest.extensions,
            properties: Some(&manifest.properties),
            server_version: Some(manifest.server_version),
            not_cluster: manifest.system_identifier.as_deref(),
        }
    }
}

/// Why there is no trial.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Something is missing here; says nothing about the restore point.
    Here(PortError),
    /// It does not restore.
    Point(PortError),
}

impl From<Trouble> for PortError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Here(error) | Trouble::Point(error) => error,
        }
    }
}

/// A restore point, restored into a server of its own that is gone when this is dropped.
pub(crate) struct Trial {
    /// A session in the database.
    pub(crate) session: Session,
    /// How long the restore took, in milliseconds.
    pub(crate) took_ms: u64,
    _server: OwnServer,
}

impl Trial {
    /// Restores `point`.
    ///
    /// # Errors
    /// What is missing here, or what does not restore.
    pub(crate) async fn of(
        target: &Target,
        point: &RestorePoint,
        needs: &Needs<'_>,
        progress: &dyn Progress,
    ) -> Result<Self, Trouble> {
        let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let options = ServerOptions { settings, ..ServerOptions::default() };
        let tools = target.tools().map_err(Trouble::Here)?;
        let server = OwnServer::isolated(&tools, &target.environment, options).await.map_err(Trouble::Here)?;
        let dbname = format!("trial_{}", point.id.suffix());
        prepared(&server, &dbname, needs).await.map_err(Trouble::Here)?;
        let jobs = target.configured.backup.as_ref().map_or(1, |backup| backup.jobs);
        let options = RestoreOptions { manifest: None, tables: &[], jobs, progress };
        let address = server.address(&dbname);
        let began = target.clock.now();
        into(target, &address, point, &options).await.map_err(Trouble::Point)?;
        let took = target.clock.now().duration_since(began);
        let session = address.connect().await.map_err(Trouble::Here)?;
        Ok(Self { session, took_ms: u64::try_from(took.as_millis()).unwrap_or(0), _server: server })
    }
}

/// Makes the roles and the database, and looks whether the rest can be had.
async fn prepared(server: &OwnServer, dbname: &str, needs: &Needs<'_>) -> Result<(), PortError> {
    let session = server.address("postgres").connect().await?;
    is_another_cluster(&session, needs).await?;
    has_extensions(&session, needs.extensions).await?;
    let there: BTreeSet<String> = column(&session, "SELECT rolname::text FROM pg_roles").await?.into_iter().collect();
    for role in needs.roles.iter().filter(|role| !there.contains(*role) && !role.starts_with("pg_")) {
        run(&session, &format!("CREATE ROLE {} NOLOGIN", quoted(role))).await?;
    }
    let plain = format!("CREATE DATABASE {} TEMPLATE template0", quoted(dbname));
    let Some(properties) = needs.properties else { return run(&session, &plain).await };
    // A locale that this machine does not have changes the order of texts, and nothing that is compared.
    if run(&session, &format!("{plain}{}", locale(properties))).await.is_err() {
        run(&session, &format!("{plain} ENCODING {} LOCALE 'C'", literal(&properties.encoding))).await?;
    }
    if there.contains(&properties.owner) || needs.roles.contains(&properties.owner) {
        run(&session, &format!("ALTER DATABASE {} OWNER TO {}", quoted(dbname), quoted(&properties.owner))).await?;
    }
    Ok(())
}

fn locale(properties: &DatabaseProperties) -> String {
    let icu = properties.icu_locale.as_ref().filter(|_| properties.locale_provider == "i");
    let icu = icu.map(|locale| format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", literal(locale))).unwrap_or_default();
    let (encoding, collate, ctype) = (&properties.encoding, &properties.collate, &properties.ctype);
    format!(" ENCODING {} LC_COLLATE {} LC_CTYPE {}{icu}", literal(encoding), literal(collate), literal(ctype))
}

async fn is_another_cluster(session: &Client, needs: &Needs<'_>) -> Result<(), PortError> {
    let ours = column(session, "SELECT system_identifier::text FROM pg_control_system()").await?;
    let version = column(session, "SELECT current_setting('server_version_num')").await?;
    let major = version.first().and_then(|version| version.parse::<u32>().ok()).unwrap_or(0) / 10_000;
    match (needs.not_cluster, needs.server_version.map(|version| version / 10_000)) {
        (Some(not), _) if ours.iter().any(|own| own == not) => {
            Err(PortError::new("the server for the trial is the one that was dumped: nothing is restored into it"))
        }
        (_, Some(dumped)) if dumped > major => {
            Err(PortError::new(format!("it was dumped from PostgreSQL {dumped}, and {major} is installed here"))
                .hint(format!("install PostgreSQL {dumped}, server and client")))
        }
        _ => Ok(()),
    }
}

async fn has_extensions(session: &Client, wanted: &[Extension]) -> Result<(), PortError> {
    let there = column(session, "SELECT name::text FROM pg_available_extensions").await?;
    let missing: Vec<&str> = wanted
        .iter()
        .map(|extension| extension.name.as_str())
        .filter(|name| !there.iter().any(|has| has == name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(PortError::new(format!("extensions are not installed on this machine: `{}`", missing.join("`, `")))
        .hint("install their packages here as well, or verify on a machine that has them"))
}

async fn column(session: &Client, query: &str) -> Result<Vec<String>, PortError> {
    let rows = session.query_typed(query, &[]).await;
    let rows = rows.map_err(|error| failed("could not prepare a server for the trial", &error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn run(session: &Client, statement: &str) -> Result<(), PortError> {
    let ran = session.batch_execute(statement).await;
    ran.map_err(|error| failed("could not prepare a server for the trial", &error))
}
