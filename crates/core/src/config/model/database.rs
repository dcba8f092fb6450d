//! Databases and notifications: read and kept, used by later parts.

use serde::Serialize;

use crate::config::SecretOrText;
use crate::id::ServiceName;

/// A PostgreSQL database that goes with an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// How to connect.
    pub url: SecretOrText,
    /// Which tool changes its schema.
    pub migrations: Option<Migrations>,
    /// How it is backed up.
    pub backup: Option<Backup>,
    /// Whether an automatic run may go back with the data as well.
    pub automatic: bool,
}

/// The tool that changes a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Migrations {
    /// Django's, run inside a service.
    Django {
        /// The service.
        service: ServiceName,
    },
}

/// How a database is backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Whether a backup is made before every guarded deploy.
    pub before_deploy: bool,
    /// How many backups are kept; 7.
    pub keep: u32,
    /// Where they are kept: `file:backups/`.
    pub store: String,
    /// How they are encrypted.
    pub encrypt: Option<BackupEncryption>,
}

/// How a backup is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupEncryption {
    /// With `age`, to public keys.
    Age(AgeRecipients),
}

/// The public keys that can read a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgeRecipients {
    /// At least one, each `age1...`.
    pub recipients: Vec<String>,
}

/// Who is told what happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Notify {
    /// A Slack channel.
    pub slack: Option<SlackNotify>,
}

/// A Slack channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlackNotify {
    /// The address of its incoming webhook.
    pub webhook: SecretOrText,
}
