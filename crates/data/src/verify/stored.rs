//! V0: whether what is stored is what was recorded.

use std::io;
use std::sync::Arc;

use backout_core::data::{RestorePoint, StoredObject};
use backout_core::policy::Check;
use backout_core::port::{PortError, Progress};

use super::found::{fails, holds};
use crate::Target;
use crate::pipe::{Counted, Moved, blocking, watched};
use crate::seal;
use crate::store::{Store, open_at};

/// One check for each object, the manifest among them.
///
/// # Errors
/// A store that cannot be asked.
pub(super) async fn stored(
    target: &Target,
    point: &RestorePoint,
    progress: &dyn Progress,
) -> Result<Vec<Check>, PortError> {
    let store = open_at(target, &point.store).await?;
    let bytes = point.objects.iter().map(|object| object.bytes).sum();
    let moved = Moved::begin(progress, "read", Some(bytes));
    let (objects, done) = (point.objects.clone(), Arc::clone(&moved.done));
    let look = move || {
        let counted = |object: &StoredObject| Ok(Counted::new(store.read(object)?, Arc::clone(&done)));
        objects.iter().map(|object| looked_at(store.as_ref(), object, || counted(object))).collect()
    };
    watched(&moved, blocking(look)).await
}

fn looked_at<R: io::Read>(
    store: &dyn Store,
    object: &StoredObject,
    open: impl FnOnce() -> Result<R, PortError>,
) -> Result<Check, PortError> {
    let name = format!("stored: {}", object.name);
    match store.size(&object.name)? {
        None => return Ok(fails(&name, format!("it is not in {}", store.place()))),
        Some(bytes) if bytes != object.bytes => {
            return Ok(fails(&name, format!("{bytes} bytes are there in place of {}", object.bytes)));
        }
        Some(_) => {}
    }
    match io::copy(&mut open()?, &mut io::sink()) {
        Ok(bytes) => Ok(holds(&name, format!("{bytes} bytes with the SHA-256 that was recorded"))),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Ok(fails(&name, seal::failed("it was changed", &error).what))
        }
        Err(error) => Err(seal::failed(&format!("could not read `{}`", object.name), &error)),
    }
}
