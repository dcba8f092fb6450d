//! What a watch heard, as it is kept: JSON, packed.

use backout_core::detect::{KeptWatch, RECORDING_FORMAT};
use backout_core::journal::{Body, Record};
use backout_core::port::{Blobs, PortError};
use serde::Deserialize;

/// How hard it is packed: the usual.
const LEVEL: i32 = 3;

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A recording, packed.
///
/// # Errors
/// Where it cannot be written.
pub fn pack(watch: &KeptWatch) -> Result<Vec<u8>, PortError> {
    let failed = |why: &dyn std::fmt::Display| PortError::new(format!("what the watch heard cannot be written: {why}"));
    let text = serde_json::to_vec(watch).map_err(|error| failed(&error))?;
    zstd::encode_all(text.as_slice(), LEVEL).map_err(|error| failed(&error))
}

/// What the watch of a run heard, by the records of that run; none where it was not kept, or there was none. Of several
/// watches the last.
///
/// # Errors
/// Where it is gone, broken, or written by a newer version.
pub async fn kept_watch(blobs: &dyn Blobs, records: &[Record]) -> Result<Option<KeptWatch>, PortError> {
    let kept = records.iter().rev().find_map(|record| match &record.body {
        Body::WatchKept { recording } => Some(recording),
        _ => None,
    });
    let Some(recording) = kept else { return Ok(None) };
    let packed = blobs.get(recording).await?;
    let broken = |what: &dyn std::fmt::Display| PortError::new(format!("what the watch heard cannot be read: {what}"));
    let text = zstd::decode_all(packed.as_slice()).map_err(|error| broken(&error))?;
    // The number comes first: what a newer version writes need not have today's form.
    let format: Format = serde_json::from_slice(&text).map_err(|error| broken(&error))?;
    if format.format > RECORDING_FORMAT {
        return Err(broken(&"it was written by a newer version").hint("use the version that wrote it"));
    }
    serde_json::from_slice(&text).map(Some).map_err(|error| broken(&error))
}
