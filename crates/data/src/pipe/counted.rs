//! Counts what is read, and ends it where nobody waits for it any more.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far work is. Shared between the thread that does it and whoever waits for it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    bytes: AtomicU64,
    given_up: AtomicBool,
}

impl Tally {
    /// How many bytes are done.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Nobody waits any more: what is read from now on is an error.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// A stream that counts what is read of it.
pub(crate) struct Counted<R> {
    source: R,
    tally: Arc<Tally>,
}

impl<R> Counted<R> {
    /// Adds what is read of `source` to `tally`.
    pub(crate) fn new(source: R, tally: Arc<Tally>) -> Self {
        Self { source, tally }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.tally.given_up.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let taken = self.source.read(buf)?;
        self.tally.bytes.fetch_add(taken as u64, Ordering::Relaxed);
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_where_nobody_waits() {
        let tally = Arc::new(Tally::default());
        let mut counted = Counted::new(io::repeat(7), Arc::clone(&tally));
        counted.read_exact(&mut [0; 100]).unwrap();
        assert_eq!(tally.bytes(), 100);
        tally.give_up();
        assert!(counted.read(&mut [0; 100]).is_err());
    }
}
