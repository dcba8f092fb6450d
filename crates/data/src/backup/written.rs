//! Objects that are in the store and that nobody knows of yet.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use backout_core::data::{Packing, Sealing, StoredObject};
use backout_core::port::PortError;

use crate::pipe::blocking;
use crate::seal::{self, Keys};
use crate::store::{Store, Upload};

/// Objects of a restore point that is being made. Removed when this is dropped, unless they were kept.
#[must_use]
pub(super) struct Written {
    store: Arc<dyn Store>,
    names: Vec<String>,
    is_given_up: Arc<AtomicBool>,
}

impl Written {
    /// Nothing so far.
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, names: Vec::new(), is_given_up: Arc::default() }
    }

    /// Where they are.
    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Makes an object visible whose every byte was written.
    ///
    /// # Errors
    /// Where it could not be written wholly.
    pub(super) async fn finish(&mut self, name: &str, upload: Box<dyn Upload>) -> Result<StoredObject, PortError> {
        self.names.push(name.to_owned());
        let (store, is_given_up) = (Arc::clone(&self.store), Arc::clone(&self.is_given_up));
        blocking(move || {
            let object = upload.finish()?;
            // Given up meanwhile: then it was removed before it was there.
            if is_given_up.load(Ordering::SeqCst) {
                store.remove(&object.name)?;
            }
            Ok(object)
        })
        .await
    }

    /// Writes a small object, sealed.
    ///
    /// # Errors
    /// Where it could not be written wholly.
    pub(super) async fn write(
        &mut self,
        name: &str,
        content: Vec<u8>,
        sealing: Sealing,
        keys: &Keys,
    ) -> Result<StoredObject, PortError> {
        let (store, to, keys) = (Arc::clone(&self.store), name.to_owned(), keys.clone());
        let upload = blocking(move || {
            let failed = |error| seal::failed(&format!("could not write `{to}`"), &error);
            let mut sealed = seal::writer(store.write(&to)?, Packing::None, sealing, &keys).map_err(failed)?;
            sealed.write_all(&content).map_err(failed)?;
            sealed.finish().map_err(failed)
        });
        let upload = upload.await?;
        self.finish(name, upload).await
    }

    /// They are known from now on, and stay.
    pub(super) fn keep(mut self) {
        self.names.clear();
    }

    /// Removes them.
    ///
    /// # Errors
    /// What is still there.
    pub(super) async fn discard(mut self) -> Result<(), PortError> {
        self.is_given_up.store(true, Ordering::SeqCst);
        let (store, names) = (Arc::clone(&self.store), std::mem::take(&mut self.names));
        blocking(move || names.iter().try_for_each(|name| store.remove(name))).await
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.is_given_up.store(true, Ordering::SeqCst);
        let (store, names) = (Arc::clone(&self.store), std::mem::take(&mut self.names));
        if let (false, Ok(runtime)) = (names.is_empty(), tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(move || names.iter().for_each(|name| drop(store.remove(name))));
        }
    }
}
