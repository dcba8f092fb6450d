//! Databases and notifications.

use crate::config::SecretOrText;
use crate::config::leaf::Positive;
use crate::config::read::{List, Scalar, raw};
use crate::id::ServiceName;

raw! {
    /// A database that goes with the environment.
    RawDatabase {
        /// It is PostgreSQL.
        postgres: required RawPostgres,
        /// The tool that changes its schema.
        migrations: optional RawMigrations,
        /// How it is backed up.
        backup: optional RawBackup,
        /// Whether an automatic run may go back with the data as well. Default false: a person is asked.
        automatic: optional Scalar<bool>,
    }
}

raw! {
    /// How to connect to PostgreSQL.
    RawPostgres {
        /// A reference such as `env:DATABASE_URL`, or an address without a password.
        url: required Scalar<SecretOrText>,
    }
}

raw! {
    /// The tool that changes a database's schema.
    RawMigrations {
        /// Django's migrations.
        django: required RawDjango,
    }
}

raw! {
    /// Django's migrations.
    RawDjango {
        /// The service that they are run inside.
        r#in: required Scalar<ServiceName>,
    }
}

raw! {
    /// How a database is backed up.
    RawBackup {
        /// Whether a backup is made before every guarded deploy. Default true.
        before_deploy: optional Scalar<bool>,
        /// How many backups are kept. Default 7.
        keep: optional Scalar<Positive>,
        /// Where they are kept: `file:FOLDER`.
        store: required Scalar<String>,
        /// How they are encrypted. Default: not at all.
        encrypt: optional RawEncrypt,
    }
}

raw! {
    /// How backups are encrypted.
    RawEncrypt {
        /// With `age`, to public keys.
        age: required RawAge,
    }
}

raw! {
    /// Public keys of `age`.
    RawAge {
        /// The keys that can read a backup, each `age1...`.
        recipients: required List<Scalar<String>>,
    }
}

raw! {
    /// Who is told.
    RawNotify {
        /// A Slack channel.
        slack: optional RawSlack,
    }
}

raw! {
    /// A Slack channel.
    RawSlack {
        /// A reference to the address of its incoming webhook, such as `env:SLACK_WEBHOOK`.
        webhook: required Scalar<SecretOrText>,
    }
}
