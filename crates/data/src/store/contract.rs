//! What a store can do.

use std::io::{Read, Write};

use backout_core::data::StoredObject;
use backout_core::port::PortError;
use jiff::Timestamp;

use crate::seal::Checked;

/// A place for objects. Their names are `<database>/<backup>/<file>`.
pub(crate) trait Store: Send + Sync {
    /// Where it is, without credentials: what [`super::open_at`] finds it by again.
    fn place(&self) -> String;

    /// Begins an object. It is there when [`Upload::finish`] says so; dropped before, nothing of it is.
    ///
    /// # Errors
    /// Where nothing can be written.
    fn write(&self, name: &str) -> Result<Box<dyn Upload>, PortError>;

    /// Reads an object from a byte on. Errors met while reading say what happened, as [`crate::seal::failed`] tells them.
    ///
    /// # Errors
    /// Where there is no such object, or it cannot be read.
    fn read_from(&self, name: &str, first: u64) -> Result<Box<dyn Read + Send>, PortError>;

    /// The size of an object in bytes; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be found out.
    fn size(&self, name: &str) -> Result<Option<u64>, PortError> {
        Ok(self.find(name)?.map(|entry| entry.bytes))
    }

    /// What is known of an object; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be found out.
    fn find(&self, name: &str) -> Result<Option<Entry>, PortError>;

    /// Removes an object; one that is not there is removed.
    ///
    /// # Errors
    /// Where it is still there.
    fn remove(&self, name: &str) -> Result<(), PortError>;

    /// Shows every object below the folder `under`, in no order; empty is all of them.
    ///
    /// # Errors
    /// Where it cannot be found out.
    fn each(&self, under: &str, seen: &mut dyn FnMut(Entry)) -> Result<(), PortError>;
}

/// An object that is being written.
pub(crate) trait Upload: Write + Send {
    /// Makes it durable and visible: both, when this returns.
    ///
    /// # Errors
    /// Where it could not be written wholly. Nothing is left of it then.
    fn finish(self: Box<Self>) -> Result<StoredObject, PortError>;
}

/// An object of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// Its size, in bytes.
    pub(crate) bytes: u64,
    /// When it was written.
    pub(crate) modified: Timestamp,
}

impl dyn Store + '_ {
    /// Reads an object that was recorded. Its end is an error where it is not what was stored then.
    ///
    /// # Errors
    /// As [`Store::read_from`].
    pub(crate) fn read(&self, object: &StoredObject) -> Result<Checked<Box<dyn Read + Send>>, PortError> {
        Ok(Checked::new(self.read_from(&object.name, 0)?, object))
    }

    /// For tests: the objects below a folder, by name.
    #[cfg(test)]
    pub(crate) fn list(&self, under: &str) -> Result<Vec<Entry>, PortError> {
        let mut entries = Vec::new();
        self.each(under, &mut |entry| entries.push(entry))?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}
