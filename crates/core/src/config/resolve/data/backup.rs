//! How a database is backed up.

use crate::config::leaf::{AgeRecipient, HttpUrl, Period, Positive, StoreAddress};
use crate::config::raw::{RawAge, RawBackup, RawEncrypt, RawOpenssl, RawS3};
use crate::config::read::Located;
use crate::config::resolve::context::Context;
use crate::config::{Backup, BackupEncryption, BackupStore, S3Store};
use crate::data::Level;

/// How many backups are kept, unless it is said.
const KEEP: u32 = 7;
/// Rounds of PBKDF2, unless it is said.
const ITERATIONS: u32 = 600_000;
/// The region of a store that does not care about regions.
const REGION: &str = "us-east-1";

/// Resolves how a database is backed up.
pub(super) fn backup(raw: &RawBackup, context: &mut Context<'_>) -> Option<Backup> {
    let before_deploy = context.value(&raw.before_deploy).unwrap_or(true);
    let before_rollback = context.value(&raw.before_rollback).unwrap_or(false);
    let keep = context.value(&raw.keep).map_or(KEEP, |Positive(keep)| keep);
    let store = store(raw, context);
    let encrypt = raw.encrypt.value().map(|raw| encryption(raw, context));
    let jobs = context.value(&raw.jobs).map_or(1, |Positive(jobs)| jobs);
    let require = require(raw, encrypt.as_ref().and_then(Option::as_ref), context);
    let fresh = context.value(&raw.fresh).map(|Period(age)| age);
    let slot = context.value(&raw.slot).unwrap_or(false);
    let encrypt = match encrypt {
        Some(encrypt) => Some(encrypt?),
        None => None,
    };
    Some(Backup { before_deploy, before_rollback, keep, store: store?, encrypt, jobs, require, fresh, slot })
}

/// The level that a restore point must reach. What this machine cannot decrypt it cannot verify beyond V0.
fn require(raw: &RawBackup, encrypt: Option<&BackupEncryption>, context: &mut Context<'_>) -> Level {
    let can_decrypt = !matches!(encrypt, Some(BackupEncryption::Age { identity: None, .. }));
    let wanted = context.value(&raw.require);
    if let (Some(level @ (Level::V1 | Level::V2 | Level::V3 | Level::V4)), false, Some(at)) =
        (wanted, can_decrypt, raw.require.key())
    {
        let message = format!("level {level} cannot be reached: this machine cannot decrypt the backup");
        let hint = "name the secret key, `age: { identity: \"file:key.txt\" }`, or write `require: V0`".to_owned();
        context.contradiction(at, message, hint);
    }
    wanted.unwrap_or(if can_decrypt { Level::V1 } else { Level::V0 })
}

fn store(raw: &RawBackup, context: &mut Context<'_>) -> Option<BackupStore> {
    let settings = raw.s3.value().map(|raw| s3(raw, context));
    let address: Option<StoreAddress> = context.value(&raw.store);
    match (address?, raw.s3.key()) {
        (StoreAddress::Folder(folder), None) => Some(BackupStore::Folder(folder)),
        (StoreAddress::Folder(_), Some(at)) => {
            let hint = "write `store: \"s3://BUCKET/PREFIX\"`, or remove `s3`".to_owned();
            context.contradiction(at, "`s3` is for stores of `s3://`, and the store is a folder".to_owned(), hint);
            None
        }
        (StoreAddress::S3 { bucket, prefix }, _) => {
            let settings = settings.unwrap_or_else(plain);
            Some(BackupStore::S3(Box::new(S3Store { bucket, prefix, ..settings })))
        }
    }
}

/// Amazon's, with the keys that its tools find; bucket and prefix are still missing.
fn plain() -> S3Store {
    S3Store {
        bucket: String::new(),
        prefix: String::new(),
        endpoint: None,
        region: REGION.to_owned(),
        access_key_id: None,
        secret_access_key: None,
    }
}

/// The settings of an S3 store; bucket and prefix are still missing.
fn s3(raw: &RawS3, context: &mut Context<'_>) -> S3Store {
    let (id, key) = (raw.access_key_id.key(), raw.secret_access_key.key());
    if let (Some(at), None) | (None, Some(at)) = (id, key) {
        let message = "`access_key_id` and `secret_access_key` are only of use together".to_owned();
        context.contradiction(at, message, "add the other, or remove both".to_owned());
    }
    let endpoint = context.value(&raw.endpoint).map(|HttpUrl(endpoint)| endpoint);
    let region = context.value(&raw.region).unwrap_or_else(|| REGION.to_owned());
    let access_key_id = raw.access_key_id.value().and_then(|scalar| context.secret(scalar, |_| false));
    let secret = |text: &str| !text.contains("${");
    let secret_access_key = raw.secret_access_key.value().and_then(|scalar| context.secret(scalar, secret));
    S3Store { endpoint, region, access_key_id, secret_access_key, ..plain() }
}

fn encryption(raw: &RawEncrypt, context: &mut Context<'_>) -> Option<BackupEncryption> {
    if !context.has_one(raw.at(), &[raw.age.key(), raw.openssl.key()], "encrypt", "`age` and `openssl`") {
        return None;
    }
    match (raw.age.value(), raw.openssl.value()) {
        (Some(raw), _) => age(raw, context),
        (_, Some(raw)) => openssl(raw, context),
        _ => None,
    }
}

fn age(raw: &RawAge, context: &mut Context<'_>) -> Option<BackupEncryption> {
    if raw.recipients.value().is_some_and(|list| list.0.is_empty()) {
        let message = "nobody could read the backup: `recipients` is empty".to_owned();
        context.contradiction(raw.at(), message, "add a public key, `age1...`".to_owned());
    }
    let recipients: Vec<String> = context.list(&raw.recipients).into_iter().map(|AgeRecipient(key)| key).collect();
    let secret = |text: &str| !text.contains("${");
    let identity = raw.identity.value().and_then(|scalar| context.secret(scalar, secret));
    (!recipients.is_empty()).then_some(BackupEncryption::Age { recipients, identity })
}

fn openssl(raw: &RawOpenssl, context: &mut Context<'_>) -> Option<BackupEncryption> {
    let secret = |text: &str| !text.contains("${");
    let passphrase = raw.passphrase.value().and_then(|scalar| context.secret(scalar, secret));
    let iterations = context.value(&raw.iterations).map_or(ITERATIONS, |Positive(iterations)| iterations);
    Some(BackupEncryption::Openssl { passphrase: passphrase?, iterations })
}
