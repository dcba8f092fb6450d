//! How a database is backed up.

use crate::config::SecretOrText;
use crate::config::leaf::{AgeRecipient, HttpUrl, Period, Positive, StoreAddress};
use crate::config::read::{List, Scalar, raw};
use crate::data::Level;

raw! {
    /// How a database is backed up.
    RawBackup {
        /// Whether a backup is made before every guarded deploy. Default true.
        before_deploy: optional Scalar<bool>,
        /// Whether one of the database as it is is made before a rollback undoes migrations or replaces rows in it. Default false; before it is dropped (`--rung in-place`), always.
        before_rollback: optional Scalar<bool>,
        /// How many backups are kept. Default 7.
        keep: optional Scalar<Positive>,
        /// Where they are kept: `file:FOLDER` or `s3://BUCKET/PREFIX`.
        store: required Scalar<StoreAddress>,
        /// What an S3 store needs beside its address.
        s3: optional RawS3,
        /// How they are encrypted. Default: not at all.
        encrypt: optional RawEncrypt,
        /// How many connections dump at once. Default 1: the dump is streamed; more write a folder first.
        jobs: optional Scalar<Positive>,
        /// The level that a restore point must reach before a deploy may start: `V0` to `V4`. Default V1; V0 where this machine cannot decrypt it.
        require: optional Scalar<Level>,
        /// How old the newest restore point may be for level V4. Default: any age.
        fresh: optional Scalar<Period>,
        /// Whether a logical slot is made with every restore point, so that every later change can be listed. Default false.
        slot: optional Scalar<bool>,
    }
}

raw! {
    /// What an S3 store needs beside its address.
    RawS3 {
        /// The server's address. Default: Amazon's.
        endpoint: optional Scalar<HttpUrl>,
        /// The region. Default us-east-1.
        region: optional Scalar<String>,
        /// The key's identifier, such as `env:AWS_ACCESS_KEY_ID`. Default: as the tools of Amazon find it.
        access_key_id: optional Scalar<SecretOrText>,
        /// The key, such as `env:AWS_SECRET_ACCESS_KEY`.
        secret_access_key: optional Scalar<SecretOrText>,
    }
}

raw! {
    /// How backups are encrypted: exactly one of the keys.
    RawEncrypt {
        /// With `age`, to public keys.
        age: optional RawAge,
        /// As `openssl enc -aes-256-cbc -pbkdf2` does.
        openssl: optional RawOpenssl,
    }
}

raw! {
    /// Public keys of `age`.
    RawAge {
        /// The keys that can read a backup, each `age1...`.
        recipients: required List<Scalar<AgeRecipient>>,
        /// A reference to the secret keys that read it here, such as `file:key.txt`. Without it backups can be neither verified beyond V0 nor restored by this machine.
        identity: optional Scalar<SecretOrText>,
    }
}

raw! {
    /// A passphrase, as `openssl enc` uses it.
    RawOpenssl {
        /// A reference to the passphrase, such as `env:BACKUP_PASSPHRASE`.
        passphrase: required Scalar<SecretOrText>,
        /// Rounds of PBKDF2. Default 600000.
        iterations: optional Scalar<Positive>,
    }
}
