//! A stored object read as it was stored, or not to its end.

use std::io::{self, Read};

use backout_core::data::StoredObject;
use backout_core::port::PortError;

use super::explain::broken;
use super::hashing::Running;

/// Reads a stored object; its end is an error where size or SHA-256 are not those recorded. Whoever reads it must read to
/// its end before trusting any of it.
pub(crate) struct Checked<R> {
    source: R,
    so_far: Running,
    object: StoredObject,
}

impl<R: Read> Checked<R> {
    /// Reads `source` from its beginning, which is to be `object`.
    pub(crate) fn new(source: R, object: &StoredObject) -> Self {
        Self { source, so_far: Running::new(), object: object.clone() }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// Where it is not what was stored.
    #[cfg(test)]
    pub(crate) fn drain(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink()).map(drop)
    }

    fn verdict(&self) -> Option<PortError> {
        let (wanted, found) = (&self.object, self.so_far.sum());
        let what = match found.bytes.cmp(&wanted.bytes) {
            std::cmp::Ordering::Less => {
                format!("`{}` was cut short: {} of {} bytes are there", wanted.name, found.bytes, wanted.bytes)
            }
            std::cmp::Ordering::Greater => {
                format!("`{}` has grown: {} bytes instead of {}", wanted.name, found.bytes, wanted.bytes)
            }
            std::cmp::Ordering::Equal if found.sha256 == wanted.sha256 => return None,
            std::cmp::Ordering::Equal => {
                format!("`{}` was changed: its SHA-256 is {} instead of {}", wanted.name, found.sha256, wanted.sha256)
            }
        };
        Some(PortError::new(what).hint("this restore point cannot be trusted: use another one"))
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let taken = self.source.read(buf)?;
        self.so_far.add(&buf[..taken]);
        let is_over = taken == 0 && !buf.is_empty();
        // Told before its end where it can be: a reader of what is inside may stop at the end of that.
        if !is_over && self.so_far.bytes() <= self.object.bytes {
            return Ok(taken);
        }
        self.verdict().map_or(Ok(taken), |wrong| Err(broken(wrong)))
    }
}
