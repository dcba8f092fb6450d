//! The dump of a restore point, as it is stored and as programs read it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_core::data::{Packing, PointKind, RestorePoint, Sealing, StoredObject};
use backout_core::port::PortError;

use crate::Target;
use crate::pipe::{Counted, Tally, blocking};
use crate::seal::{self, Keys};
use crate::store::{self, Store};

/// What the manifest is called beside a dump, before the endings of its sealing.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The dump of a restore point. Clones share the store.
#[derive(Clone)]
pub(crate) struct Dump {
    /// What it is made of.
    pub(crate) kind: PointKind,
    /// What is stored of it; for a folder every file.
    pub(crate) objects: Vec<StoredObject>,
    store: Arc<dyn Store>,
    keys: Keys,
}

impl Dump {
    /// The dump of `point`, where it says that it is kept.
    ///
    /// # Errors
    /// A store that cannot be reached, a secret that cannot be had; a point that has no dump.
    pub(crate) async fn of(target: &Target, point: &RestorePoint) -> Result<Self, PortError> {
        let store = store::open_at(target, &point.store).await?;
        let keys = Keys::for_reading(target).await?;
        let objects: Vec<StoredObject> = point.objects.iter().filter(|object| !is_manifest(object)).cloned().collect();
        if objects.is_empty() || point.kind == PointKind::Physical {
            let error = PortError::new(format!("restore point {} has no dump", point.id));
            return Err(error.hint("it is a moment in the server's log: recover to it instead"));
        }
        Ok(Self { kind: point.kind.clone(), objects, store, keys })
    }

    /// Whether there is a key to read it with, where it takes one.
    pub(crate) fn can_be_read(&self) -> bool {
        self.keys.can_read(self.kind.wrapping().1)
    }

    /// How many bytes are stored.
    pub(crate) fn bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.bytes).sum()
    }

    /// Whether it is a folder of files as `pg_dump -Fd` leaves it.
    pub(crate) fn is_open_folder(&self) -> bool {
        matches!(self.kind, PointKind::Directory { packing: Packing::None, sealing: Sealing::None })
    }

    /// One object as it is stored; its end is an error where it is not what was recorded. What is read is added to `done`.
    ///
    /// # Errors
    /// Where it is not there.
    pub(crate) fn stored(
        &self,
        object: &StoredObject,
        done: Arc<Tally>,
    ) -> Result<impl Read + Send + use<>, PortError> {
        Ok(Counted::new(self.store.read(object)?, done))
    }

    /// What `pg_restore` or `psql` reads, unsealed and unpacked. Not for a folder. To open it is to ask a server, and to read how it
    /// begins: that is for a thread that may block.
    ///
    /// # Errors
    /// Where it is not there, or a key is missing.
    pub(crate) async fn content(&self, done: Arc<Tally>) -> Result<Box<dyn Read + Send>, PortError> {
        let dump = self.clone();
        blocking(move || dump.opened(done)).await
    }

    fn opened(&self, done: Arc<Tally>) -> Result<Box<dyn Read + Send>, PortError> {
        let Some(object) = self.objects.first() else { return Err(PortError::new("there is no dump")) };
        let (packing, sealing) = self.kind.wrapping();
        let content = seal::reader(self.stored(object, done)?, packing, sealing, &self.keys);
        content.map_err(|error| seal::failed(&format!("could not read `{}`", object.name), &error))
    }

    /// Where it lies open on this machine, so that programs can read it by themselves: the file, or the folder.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        if self.kind.wrapping() != (Packing::None, Sealing::None) {
            return None;
        }
        let place = self.store.place();
        let root = Path::new(place.strip_prefix("file:")?).to_owned();
        match self.objects.as_slice() {
            _ if self.is_open_folder() => Some(root),
            [object] => Some(root.join(&object.name)),
            _ => None,
        }
    }
}

/// Whether an object is the manifest that lies beside a dump.
pub(crate) fn is_manifest(object: &StoredObject) -> bool {
    object.name.rsplit('/').next().is_some_and(|file| file.starts_with(MANIFEST))
}
