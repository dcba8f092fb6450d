//! Stores against real file systems and a real S3 server.

mod folder;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod s3_server;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::secret::Secrets;
use backout_core::config::{Backup, BackupStore, Database, SecretOrText, Sensitive};
use backout_core::data::{Level, StoredObject};
use backout_core::port::PortError;
use backout_testkit::manual_clock::ManualClock;

use super::Store;
use crate::Target;

/// A database whose backups go to `store`.
fn target(store: BackupStore, folder: &Path) -> Target {
    let backup = Backup {
        before_deploy: true,
        before_rollback: false,
        keep: 7,
        store,
        encrypt: None,
        jobs: 1,
        require: Level::V1,
        fresh: None,
        slot: false,
    };
    let configured = Database {
        name: "shop".parse().unwrap(),
        url: text("postgres://nobody@localhost/shop"),
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by: Vec::new(),
        migrations: None,
        backup: Some(backup),
        recovery: None,
        integrity: BTreeMap::new(),
        keep_aside: Duration::from_secs(1),
        automatic: false,
    };
    Target {
        configured,
        secrets: Arc::new(Secrets::new(Environment::new(), folder)),
        environment: Environment::new(),
        folder: folder.to_owned(),
        state: folder.join("state"),
        clock: Arc::new(ManualClock::at("2026-11-21T00:00:00Z".parse().unwrap())),
        inside: None,
    }
}

fn text(text: &str) -> SecretOrText {
    SecretOrText::Text(Sensitive::new(text.to_owned()))
}

/// Bytes that differ everywhere.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(31) >> 3) as u8 ^ (at >> 13) as u8).collect()
}

fn put(store: &dyn Store, name: &str, content: &[u8]) -> Result<StoredObject, PortError> {
    let mut upload = store.write(name)?;
    upload.write_all(content).map_err(|error| crate::seal::failed("put", &error))?;
    upload.finish()
}

fn get(store: &dyn Store, name: &str, first: u64) -> Result<Vec<u8>, PortError> {
    let mut content = Vec::new();
    let read = store.read_from(name, first)?.read_to_end(&mut content);
    read.map_err(|error| crate::seal::failed("get", &error))?;
    Ok(content)
}

fn names(store: &dyn Store, under: &str) -> Vec<String> {
    store.list(under).unwrap().into_iter().map(|entry| entry.name).collect()
}
