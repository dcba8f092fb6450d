//! Databases and notifications.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::Context;
use crate::config::leaf::{Positive, literal_password};
use crate::config::raw::{RawBackup, RawDatabase, RawEnvironment, RawMigrations, RawNotify};
use crate::config::read::Located;
use crate::config::{Backup, BackupEncryption, BackupStore, Database, Migrations, Notify, ProblemCode, SlackNotify};
use crate::data::{Framework, Level};
use crate::id::DatabaseName;

/// How long a database that was put aside is kept, unless it is said.
const KEEP_ASIDE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Resolves the databases of an environment.
pub(super) fn databases(raw: &RawEnvironment, context: &mut Context<'_>) -> BTreeMap<DatabaseName, Database> {
    let mut databases = BTreeMap::new();
    for entry in raw.databases.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = context.name::<DatabaseName>(&entry.key, entry.at);
        let database =
            entry.value.as_ref().zip(name).and_then(|(database, name)| resolved(name, database, raw, context));
        databases.extend(database.map(|database| (database.name.clone(), database)));
    }
    databases
}

fn resolved(
    name: DatabaseName,
    raw: &RawDatabase,
    environment: &RawEnvironment,
    context: &mut Context<'_>,
) -> Option<Database> {
    let url = raw.postgres.value().and_then(|raw| raw.url.value());
    let url = url.and_then(|scalar| context.secret(scalar, literal_password));
    let migrations = raw.migrations.value().and_then(|raw| migrations(raw, environment, context));
    let backup = raw.backup.value().and_then(|raw| backup(raw, context));
    let automatic = context.value(&raw.automatic).unwrap_or(false);
    Some(Database {
        name,
        url: url?,
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by: Vec::new(),
        migrations,
        backup,
        recovery: None,
        integrity: BTreeMap::new(),
        keep_aside: KEEP_ASIDE,
        automatic,
    })
}

fn migrations(raw: &RawMigrations, environment: &RawEnvironment, context: &mut Context<'_>) -> Option<Migrations> {
    let scalar = raw.django.value()?.r#in.value()?;
    let service = context.scalar(scalar)?;
    let services = environment.services.value().map(|map| map.0.as_slice()).unwrap_or_default();
    if services.iter().all(|entry| entry.key != service.as_str()) {
        let hint = crate::config::read::nearest(service.as_str(), services.iter().map(|entry| entry.key.as_str()))
            .map(|name| format!("did you mean `{name}`?"));
        let message = format!("there is no service `{}` to run migrations in", scalar.text);
        context.error(ProblemCode::UnknownService, scalar.span, message, hint);
    }
    let framework = Framework::Django;
    Some(Migrations { framework, service: Some(service), folder: None, command: None, compatible: BTreeMap::new() })
}

fn backup(raw: &RawBackup, context: &mut Context<'_>) -> Option<Backup> {
    let before_deploy = context.value(&raw.before_deploy).unwrap_or(true);
    let keep = context.value(&raw.keep).map_or(7, |Positive(keep)| keep);
    let store: Option<String> = context.value(&raw.store);
    let folder =
        store.as_deref().and_then(|text| text.strip_prefix("file:")).filter(|folder| !folder.trim().is_empty());
    if let (Some(scalar), None) = (raw.store.value(), folder) {
        let message = "this version keeps backups in a folder only".to_owned();
        context.error(ProblemCode::InvalidValue, scalar.span, message, "write `file:FOLDER`".to_owned());
    }
    let recipients = raw.encrypt.value().and_then(|raw| raw.age.value()).map(|age| context.list(&age.recipients));
    if let (Some(keys), Some(age)) = (&recipients, raw.encrypt.value().and_then(|raw| raw.age.value()))
        && keys.is_empty()
    {
        let message = "nobody could read the backup: `recipients` is empty".to_owned();
        context.contradiction(age.at(), message, "add a public key, `age1...`".to_owned());
    }
    let encrypt = recipients.map(|recipients| BackupEncryption::Age { recipients, identity: None });
    let store = BackupStore::Folder(folder?.to_owned());
    Some(Backup { before_deploy, keep, store, encrypt, jobs: 1, require: Level::V1, fresh: None, slot: false })
}

/// Who is told.
pub(super) fn notify(raw: Option<&RawNotify>, context: &mut Context<'_>) -> Notify {
    let webhook = raw.and_then(|raw| raw.slack.value()).and_then(|raw| raw.webhook.value());
    let slack = webhook.and_then(|scalar| {
        let webhook = context.secret(scalar, |text| !text.contains("${"))?;
        Some(SlackNotify { webhook })
    });
    Notify { slack }
}
