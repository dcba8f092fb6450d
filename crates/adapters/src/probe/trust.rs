//! What TLS is verified by: the system's authorities, and files of others.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::outcome::{Performed, not_performed};
use super::tls::Tls;

/// Configurations of TLS, by the file of authorities that are trusted beside those of the system. A file is read once.
pub(super) struct Trust {
    folder: PathBuf,
    system: Arc<Tls>,
    files: Mutex<HashMap<String, Arc<Tls>>>,
}

impl Trust {
    /// Nothing read yet; relative paths start at `folder`.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, system: Arc::default(), files: Mutex::default() }
    }

    /// What is trusted with this file; without one, what the system trusts.
    pub(super) async fn of(&self, file: Option<&String>) -> Performed<Arc<Tls>> {
        let Some(file) = file else { return Ok(Arc::clone(&self.system)) };
        let found = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(file).cloned();
        if let Some(tls) = found {
            return Ok(tls);
        }
        let unreadable = |why: &dyn Display| not_performed(format!("`{file}` cannot be read: {why}"));
        let pem = tokio::fs::read(self.folder.join(file)).await.map_err(|error| unreadable(&error.kind()))?;
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let roots = read.map_err(|error| unreadable(&error))?;
        let roots = if roots.is_empty() { Err(unreadable(&"there is no certificate in it"))? } else { roots };
        let tls = Arc::new(Tls::trusting(roots));
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(file.clone(), Arc::clone(&tls));
        Ok(tls)
    }

    /// What the system trusts.
    pub(super) fn system(&self) -> &Tls {
        &self.system
    }
}
