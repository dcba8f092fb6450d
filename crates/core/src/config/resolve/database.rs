//! Databases and notifications.

use std::collections::BTreeMap;

use super::context::Context;
use crate::config::leaf::{Positive, literal_password};
use crate::config::raw::{RawBackup, RawDatabase, RawEnvironment, RawMigrations, RawNotify};
use crate::config::read::Located;
use crate::config::{AgeRecipients, Backup, BackupEncryption, Database, Migrations, Notify, ProblemCode, SlackNotify};

/// Resolves the databases of an environment.
pub(super) fn databases(raw: &RawEnvironment, context: &mut Context<'_>) -> BTreeMap<String, Database> {
    let mut databases = BTreeMap::new();
    for entry in raw.databases.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = context.name::<crate::id::SignalName>(&entry.key, entry.at);
        let database = entry.value.as_ref().and_then(|database| resolved(database, raw, context));
        databases.extend(name.zip(database).map(|(name, database)| (name.as_str().to_owned(), database)));
    }
    databases
}

fn resolved(raw: &RawDatabase, environment: &RawEnvironment, context: &mut Context<'_>) -> Option<Database> {
    let url = raw.postgres.value().and_then(|raw| raw.url.value());
    let url = url.and_then(|scalar| context.secret(scalar, literal_password));
    let migrations = raw.migrations.value().and_then(|raw| migrations(raw, environment, context));
    let backup = raw.backup.value().and_then(|raw| backup(raw, context));
    let automatic = context.value(&raw.automatic).unwrap_or(false);
    Some(Database { url: url?, migrations, backup, automatic })
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
    Some(Migrations::Django { service })
}

fn backup(raw: &RawBackup, context: &mut Context<'_>) -> Option<Backup> {
    let before_deploy = context.value(&raw.before_deploy).unwrap_or(true);
    let keep = context.value(&raw.keep).map_or(7, |Positive(keep)| keep);
    let store: Option<String> = context.value(&raw.store);
    if let (Some(text), Some(scalar)) = (&store, raw.store.value())
        && text.strip_prefix("file:").is_none_or(|folder| folder.trim().is_empty())
    {
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
    let encrypt = recipients.map(|recipients| BackupEncryption::Age(AgeRecipients { recipients }));
    Some(Backup { before_deploy, keep, store: store?, encrypt })
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
