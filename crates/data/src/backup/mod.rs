//! Takes restore points, registers those of others, and lets go of them.
//!
//! Contract: what a restore point says was read in the very snapshot of its dump, and no table in it was rewritten or emptied
//! between that snapshot and the lock that keeps it as it is. It is whole, durable and verified as far as the configuration
//! asks when [`take`] returns; where that fails or is interrupted, nothing of it is left in the store, and no slot. The dump is
//! packed, sealed, hashed and stored in one pass while its tables are counted; only several connections write a folder
//! first, because they cannot share a stream.

mod arguments;
mod dumped;
mod folder;
mod held;
mod import;
mod running;
mod slot;
mod take;
mod whole;
mod written;

use backout_core::data::RestorePoint;
use backout_core::port::PortError;

pub(crate) use import::import;
pub(crate) use take::take;
pub(crate) use whole::is_whole;

use crate::Target;
use crate::pipe::blocking;
use crate::store::open_at;

/// Removes what is stored of a restore point, and its slot. Files that were registered where they are belong to somebody
/// else, and stay.
///
/// # Errors
/// What could not be removed.
pub(crate) async fn release(target: &Target, point: &RestorePoint) -> Result<(), PortError> {
    slot::drop_kept(target, &point.id).await?;
    let ours = folder::of(target, &point.id);
    let names: Vec<String> =
        point.objects.iter().map(|object| object.name.clone()).filter(|name| name.starts_with(&ours)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let store = open_at(target, &point.store).await?;
    blocking(move || names.iter().try_for_each(|name| store.remove(name))).await
}

#[cfg(test)]
mod tests;
