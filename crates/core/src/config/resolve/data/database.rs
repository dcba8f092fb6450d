//! Databases.

use std::collections::BTreeMap;
use std::time::Duration;

use super::backup::backup;
use super::migrations::migrations;
use super::name::{existing, label};
use crate::config::leaf::{Period, literal_password};
use crate::config::raw::{RawDatabase, RawEnvironment, RawPgBouncer, RawPostgres, RawRecovery};
use crate::config::read::{Field, Located, Scalar};
use crate::config::resolve::context::Context;
use crate::config::{Database, PgBouncer, ProblemCode, Recovery, SecretOrText, Service, ServicePlatform, Tier};
use crate::id::{DatabaseName, ServiceName};

/// How long a database that was put aside is kept, unless it is said.
const KEEP_ASIDE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a pooler waits for open transactions, unless it is said.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Resolves the databases of an environment.
pub(in crate::config::resolve) fn databases(
    raw: &RawEnvironment,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> BTreeMap<DatabaseName, Database> {
    let mut databases = BTreeMap::new();
    for entry in raw.databases.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = context.name::<DatabaseName>(&entry.key, entry.at);
        // Resolved under any name where its own is wrong, so that its other problems are found as well.
        let Ok(stand_in) = DatabaseName::new("database") else { continue };
        let is_named = name.is_some();
        let Some(database) = &entry.value else { continue };
        let resolved = resolved(name.unwrap_or(stand_in), database, raw, context).filter(|_| is_named);
        databases.extend(resolved.map(|database| (database.name.clone(), used_by_default(database, services))));
    }
    databases
}

/// The services of the application tier use a database that does not say who does; all where no tier is given. What leads users
/// somewhere uses none.
fn used_by_default(mut database: Database, services: &BTreeMap<ServiceName, Service>) -> Database {
    if database.used_by.is_empty() {
        let has_tiers = services.values().any(|service| service.tier == Some(Tier::Application));
        let is_traffic = |service: &Service| matches!(service.platform, ServicePlatform::Traffic(_));
        let uses = |service: &&Service| (!has_tiers || service.tier == Some(Tier::Application)) && !is_traffic(service);
        database.used_by = services.values().filter(uses).map(|service| service.name.clone()).collect();
    }
    database
}

fn resolved(
    name: DatabaseName,
    raw: &RawDatabase,
    environment: &RawEnvironment,
    context: &mut Context<'_>,
) -> Option<Database> {
    let server = raw.postgres.value().and_then(|raw| server(raw, context));
    let used_by = used_by(raw, environment, context);
    let migrations = raw.migrations.value().and_then(|raw| migrations(raw, environment, context));
    let backup = raw.backup.value().and_then(|raw| backup(raw, context));
    let recovery = raw.recovery.value().and_then(|raw| recovery(raw, context));
    let integrity = integrity(raw, context);
    let keep_aside = context.value(&raw.keep_aside).map_or(KEEP_ASIDE, |Period(keep)| keep);
    let automatic = context.value(&raw.automatic).unwrap_or(false);
    let Server { url, admin, pgbouncer, replicas, tools } = server?;
    Some(Database {
        name,
        url,
        admin,
        pgbouncer,
        replicas,
        tools,
        used_by,
        migrations,
        backup,
        recovery,
        integrity,
        keep_aside,
        automatic,
    })
}

/// How a server is reached.
struct Server {
    url: SecretOrText,
    admin: Option<SecretOrText>,
    pgbouncer: Option<PgBouncer>,
    replicas: Vec<SecretOrText>,
    tools: Option<String>,
}

fn server(raw: &RawPostgres, context: &mut Context<'_>) -> Option<Server> {
    let url = address(&raw.url, context);
    let admin = address(&raw.admin, context);
    let pgbouncer = raw.pgbouncer.value().and_then(|raw| pgbouncer(raw, context));
    let replicas = raw.replicas.value().map(|list| list.0.as_slice()).unwrap_or_default();
    let replicas = replicas.iter().filter_map(|scalar| context.secret(scalar, literal_password)).collect();
    let tools = context.value(&raw.tools);
    Some(Server { url: url?, admin, pgbouncer, replicas, tools })
}

fn address(field: &Field<Scalar<SecretOrText>>, context: &mut Context<'_>) -> Option<SecretOrText> {
    field.value().and_then(|scalar| context.secret(scalar, literal_password))
}

fn pgbouncer(raw: &RawPgBouncer, context: &mut Context<'_>) -> Option<PgBouncer> {
    let admin = address(&raw.admin, context);
    let database = context.value(&raw.database);
    let timeout = context.value(&raw.timeout).map_or(PAUSE_TIMEOUT, |Period(timeout)| timeout);
    Some(PgBouncer { admin: admin?, database, timeout })
}

fn used_by(raw: &RawDatabase, environment: &RawEnvironment, context: &mut Context<'_>) -> Vec<ServiceName> {
    let Field::Given(key, list) = &raw.used_by else { return Vec::new() };
    if list.0.is_empty() {
        let message = "`used_by` names no service, and a database that nobody uses needs no way back".to_owned();
        context.contradiction(*key, message, "name those that write to it, or remove the key".to_owned());
    }
    let mut services = Vec::new();
    for service in list.0.iter().filter_map(|scalar| existing(scalar, "that could use it", environment, context)) {
        if !services.contains(&service) {
            services.push(service);
        }
    }
    services
}

fn recovery(raw: &RawRecovery, context: &mut Context<'_>) -> Option<Recovery> {
    let keys = [raw.archive.key(), raw.pgbackrest.key()];
    if !context.has_one(raw.at(), &keys, "recovery", "`archive` and `pgbackrest`") {
        return None;
    }
    if let Some(raw) = raw.archive.value() {
        let (base, log) = (context.value(&raw.base), context.value(&raw.log));
        return Some(Recovery::Archive { base: base?, log: log? });
    }
    let raw = raw.pgbackrest.value()?;
    let (stanza, config) = (context.value(&raw.stanza), context.value(&raw.config));
    Some(Recovery::PgBackRest { stanza: stanza?, config })
}

fn integrity(raw: &RawDatabase, context: &mut Context<'_>) -> BTreeMap<String, String> {
    let mut queries = BTreeMap::new();
    for entry in raw.integrity.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = label(&entry.key, entry.at, "a query", context);
        let Some(scalar) = &entry.value else { continue };
        let query = context.scalar(scalar);
        if let Some(query) = &query
            && !is_select(query)
        {
            let message =
                "an integrity query only reads: it begins with `SELECT`, `WITH`, `VALUES` or `TABLE`".to_owned();
            let hint =
                "write one that answers `true` while the data is sound: `SELECT count(*) = 0 FROM ...`".to_owned();
            context.error(ProblemCode::InvalidValue, scalar.span, message, hint);
        }
        queries.extend(name.zip(query));
    }
    queries
}

fn is_select(query: &str) -> bool {
    let word: String =
        query.trim_start_matches(['(', ' ', '\n', '\t', '\r']).chars().take_while(char::is_ascii_alphabetic).collect();
    ["select", "with", "values", "table"].contains(&word.to_ascii_lowercase().as_str())
}
