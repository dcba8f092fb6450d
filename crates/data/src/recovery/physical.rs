//! Who keeps base backups and the log: the port, and the driver that is configured.

use backout_core::config::Recovery;
use backout_core::port::{Pending, PortError};

use super::archive::Archive;
use super::base::Base;
use super::pgbackrest::PgBackRest;
use crate::Target;
use crate::server::OwnServer;

/// A keeper of base backups and of the log.
pub(super) trait Physical: Send + Sync {
    /// Every base backup that is whole. `server` says as whom to look.
    ///
    /// # Errors
    /// Where they cannot be listed.
    fn bases<'a>(&'a self, server: &'a OwnServer) -> Pending<'a, Result<Vec<Base>, PortError>>;

    /// Lays a base backup down as the data of `server`, tablespaces beside it.
    ///
    /// # Errors
    /// What could not be read or written.
    fn lay<'a>(&'a self, base: &'a Base, server: &'a OwnServer) -> Pending<'a, Result<(), PortError>>;

    /// What the server runs, by a shell, to get a segment `%f` of the log to `%p`.
    fn restore_command(&self, server: &OwnServer) -> String;
}

/// The keeper that `target` is configured with.
///
/// # Errors
/// Where none is.
pub(super) fn keeper(target: &Target) -> Result<Box<dyn Physical>, PortError> {
    match &target.configured.recovery {
        Some(Recovery::Archive { base, log }) => {
            Ok(Box::new(Archive::new(target.folder.join(base), target.folder.join(log))))
        }
        Some(Recovery::PgBackRest { stanza, config }) => {
            let config = config.as_ref().map(|config| target.folder.join(config));
            Ok(Box::new(PgBackRest::new(stanza.clone(), config)))
        }
        None => Err(PortError::new(format!("database `{}` has no recovery configured", target.configured.name))
            .hint("name its base backups and its log: `recovery: { archive: { base: FOLDER, log: FOLDER } }`")),
    }
}

/// A word as a shell needs it within `restore_command`, where `%` stands for itself only when doubled.
pub(super) fn shell_word(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''").replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word_of_the_shell() {
        assert_eq!(shell_word("/srv/it's 100%; rm -rf /"), r"'/srv/it'\''s 100%%; rm -rf /'");
    }
}
