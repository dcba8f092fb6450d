//! Databases, caches, and who is told.

use super::{RawBackup, RawMigrations};
use crate::config::SecretOrText;
use crate::config::leaf::{FlushWord, Period, Word};
use crate::config::read::{Either, List, Map, Scalar, raw};
use crate::id::ServiceName;

raw! {
    /// A database that goes with the environment.
    RawDatabase {
        /// It is PostgreSQL.
        postgres: required RawPostgres,
        /// The services that write to it. Default: every service of the application tier, or all where none is in it.
        used_by: optional List<Scalar<ServiceName>>,
        /// The tool that changes its schema.
        migrations: optional RawMigrations,
        /// How it is backed up.
        backup: optional RawBackup,
        /// Recovery to a moment in the server's log.
        recovery: optional RawRecovery,
        /// Queries by name, each of which answers one row with `true` first while the data is sound.
        integrity: optional Map<Scalar<String>>,
        /// How long a database that was put aside is kept. Default 7d.
        keep_aside: optional Scalar<Period>,
        /// Whether an automatic run may go back with the data as well. Default false: a person is asked.
        automatic: optional Scalar<bool>,
    }
}

raw! {
    /// How to connect to PostgreSQL.
    RawPostgres {
        /// As an application would: a reference such as `env:DATABASE_URL`, or an address without a password.
        url: required Scalar<SecretOrText>,
        /// As a role that may create databases and end sessions. Default: as `url`.
        admin: optional Scalar<SecretOrText>,
        /// The pooler that is paused while databases are swapped.
        pgbouncer: optional RawPgBouncer,
        /// Physical replicas, whose sessions are ended after a swap: references or addresses.
        replicas: optional List<Scalar<SecretOrText>>,
        /// The folder of `pg_dump` and its like. Default: the newest that is installed.
        tools: optional Scalar<String>,
    }
}

raw! {
    /// The pooler in front of a database.
    RawPgBouncer {
        /// How to connect to its admin console: a reference, or an address without a password.
        admin: required Scalar<SecretOrText>,
        /// What it calls the database. Default: the database's own name.
        database: optional Scalar<String>,
        /// How long open transactions are waited for. Default 5s.
        timeout: optional Scalar<Period>,
    }
}

raw! {
    /// Recovery to a moment in the server's log: exactly one of the keys.
    RawRecovery {
        /// Base backups made by `pg_basebackup`, and an archive of the log.
        archive: optional RawArchive,
        /// pgBackRest.
        pgbackrest: optional RawPgBackRest,
    }
}

raw! {
    /// Base backups made by `pg_basebackup`, and an archive of the log.
    RawArchive {
        /// The folder of base backups.
        base: required Scalar<String>,
        /// The folder that the log is archived to.
        log: required Scalar<String>,
    }
}

raw! {
    /// pgBackRest.
    RawPgBackRest {
        /// Its stanza.
        stanza: required Scalar<String>,
        /// Its configuration file. Default: its own.
        config: optional Scalar<String>,
    }
}

raw! {
    /// A cache that is emptied after the environment went back.
    RawCache {
        /// It is Redis: a reference such as `env:REDIS_URL`, or an address without a password. Its path is the database's number.
        redis: required Scalar<SecretOrText>,
        /// What is removed: `nothing` (default), `database`, `everything`, or the keys of a pattern.
        flush: optional Either<Scalar<FlushWord>, RawFlushPattern>,
    }
}

raw! {
    /// The keys that are removed from a cache.
    RawFlushPattern {
        /// A pattern of Redis, such as `session:*`.
        pattern: required Scalar<Word>,
    }
}
