//! What streams are sealed with.

use backout_core::config::{BackupEncryption, SecretOrText, Sensitive};
use backout_core::data::Sealing;
use backout_core::port::PortError;

use crate::Target;

/// What streams are sealed and read with. Never shown.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    pub(super) recipients: Vec<String>,
    pub(super) identities: Option<Sensitive>,
    pub(super) passphrase: Option<Sensitive>,
    pub(super) iterations: u32,
}

impl Keys {
    /// What `target` is configured to seal with. The secret keys that only reading needs are not looked up.
    ///
    /// # Errors
    /// A secret that cannot be had.
    pub(crate) async fn for_writing(target: &Target) -> Result<Self, PortError> {
        match configured(target) {
            Some(BackupEncryption::Age { recipients, .. }) => Ok(Self::age(recipients.clone(), None)),
            _ => Self::for_reading(target).await,
        }
    }

    /// What `target` is configured to read with.
    ///
    /// # Errors
    /// A secret that cannot be had.
    pub(crate) async fn for_reading(target: &Target) -> Result<Self, PortError> {
        match configured(target) {
            None => Ok(Self::default()),
            Some(BackupEncryption::Age { recipients, identity }) => {
                let identities = match identity {
                    Some(identity) => Some(secret(target, "the secret key of its backups", identity).await?),
                    None => None,
                };
                Ok(Self::age(recipients.clone(), identities))
            }
            Some(BackupEncryption::Openssl { passphrase, iterations }) => {
                Ok(Self::openssl(secret(target, "the passphrase of its backups", passphrase).await?, *iterations))
            }
        }
    }

    /// Keys of age: public ones to write with, and secret ones, a line each, to read with.
    pub(crate) fn age(recipients: Vec<String>, identities: Option<Sensitive>) -> Self {
        Self { recipients, identities, ..Self::default() }
    }

    /// A passphrase, with the rounds of PBKDF2 that are used to write.
    pub(crate) fn openssl(passphrase: Sensitive, iterations: u32) -> Self {
        Self { passphrase: Some(passphrase), iterations, ..Self::default() }
    }

    /// Whether there is a key to read streams with that are sealed so. Whether it fits is not known.
    pub(crate) fn can_read(&self, sealing: Sealing) -> bool {
        match sealing {
            Sealing::None => true,
            Sealing::Age => self.identities.is_some(),
            Sealing::Openssl => self.passphrase.is_some(),
        }
    }

    /// How streams are sealed with these.
    pub(crate) fn sealing(&self) -> Sealing {
        match (&self.passphrase, self.recipients.is_empty()) {
            (Some(_), _) => Sealing::Openssl,
            (None, false) => Sealing::Age,
            (None, true) => Sealing::None,
        }
    }
}

fn configured(target: &Target) -> Option<&BackupEncryption> {
    target.configured.backup.as_ref()?.encrypt.as_ref()
}

async fn secret(target: &Target, what: &str, secret: &SecretOrText) -> Result<Sensitive, PortError> {
    target.secrets.text(secret).await.map_err(|error| {
        PortError::new(format!("database `{}`, {what}: {error}", target.configured.name)).hint(error.hint())
    })
}
