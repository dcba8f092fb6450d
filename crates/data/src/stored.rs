//! Whether what a restore point is made of is still in its store.

use backout_core::data::{PointKind, RestorePoint};
use backout_core::port::{PortError, Preflight};

use crate::Target;
use crate::pipe::blocking;
use crate::store::open_at;

/// Whether every object is there, in its size. A moment in the server's log is in no store.
pub(crate) async fn is_stored(target: &Target, point: &RestorePoint) -> Preflight {
    match missing(target, point).await {
        Ok(None) => Preflight::Present,
        Ok(Some(why)) => Preflight::Gone { why },
        Err(error) => Preflight::Unknown { why: error.to_string() },
    }
}

async fn missing(target: &Target, point: &RestorePoint) -> Result<Option<String>, PortError> {
    if point.kind == PointKind::Physical {
        return Ok(None);
    }
    let (store, objects) = (open_at(target, &point.store).await?, point.objects.clone());
    blocking(move || {
        for object in &objects {
            match store.size(&object.name)? {
                Some(bytes) if bytes == object.bytes => {}
                Some(bytes) => {
                    let why = format!("`{}` has {bytes} bytes in place of {}", object.name, object.bytes);
                    return Ok(Some(why));
                }
                None => return Ok(Some(format!("`{}` is not in {}", object.name, store.place()))),
            }
        }
        Ok(None)
    })
    .await
}
