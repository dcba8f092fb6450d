//! How a record lies in its Secret: JSON, compressed with gzip, as base64. The API adds a base64 of its own.

use std::io::{Read, Write};

use backout_core::port::PortError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

/// What a record may grow to. An object of the API holds at most 1.5 MiB, and gzip packs a thousandfold at best.
const LIMIT: u64 = 256 * 1024 * 1024;

/// The first bytes of gzip. Records of the oldest releases are not compressed.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// A record from `data.release` of its Secret.
///
/// # Errors
/// Something else than a record, or one over 256 MiB.
pub(super) fn decoded(data: &str) -> Result<Value, PortError> {
    let unread = |why: &dyn std::fmt::Display| PortError::new(format!("it cannot be read: {why}"));
    let inner = STANDARD.decode(data).map_err(|error| unread(&error))?;
    let packed = STANDARD.decode(inner).map_err(|error| unread(&error))?;
    if !packed.starts_with(&MAGIC) {
        return serde_json::from_slice(&packed).map_err(|error| unread(&error));
    }
    let mut json = Vec::new();
    GzDecoder::new(packed.as_slice()).take(LIMIT).read_to_end(&mut json).map_err(|error| unread(&error))?;
    serde_json::from_slice(&json).map_err(|error| unread(&error))
}

/// A record as `data.release` of its Secret holds it.
pub(super) fn encoded(record: &Value) -> Result<String, PortError> {
    let unwritten = |error: std::io::Error| PortError::new(format!("Helm's record could not be written: {error}"));
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(record.to_string().as_bytes()).map_err(unwritten)?;
    let packed = packer.finish().map_err(unwritten)?;
    Ok(STANDARD.encode(STANDARD.encode(packed)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_so_is_what_was_never_compressed() {
        let record = json!({"name": "shop", "version": 3});
        assert_eq!(decoded(&encoded(&record).unwrap()).unwrap(), record);
        let plain = STANDARD.encode(STANDARD.encode(record.to_string()));
        assert_eq!(decoded(&plain).unwrap(), record);
    }

    #[test]
    fn what_is_no_record_is_said_to_be_none() {
        for bad in ["", "!", "YWJj", &STANDARD.encode(STANDARD.encode([0x1f, 0x8b, 0x08, 1, 2]))] {
            assert!(decoded(bad).unwrap_err().what.starts_with("it cannot be read"), "{bad}");
        }
    }
}
