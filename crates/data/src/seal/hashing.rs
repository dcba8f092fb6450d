//! SHA-256 and size of what passes through.

use std::io::{self, Write};

use ring::digest::{Context, SHA256};

/// Hands on what is written, and knows what it was.
pub(crate) struct Hashing<W> {
    sink: W,
    so_far: Running,
}

/// Size and SHA-256 of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    /// In bytes.
    pub(crate) bytes: u64,
    /// 64 hexadecimal digits.
    pub(crate) sha256: String,
}

/// A sum that is being made.
#[derive(Clone)]
pub(super) struct Running {
    bytes: u64,
    digest: Context,
}

impl<W: Write> Hashing<W> {
    /// Hands on to `sink`.
    pub(crate) fn new(sink: W) -> Self {
        Self { sink, so_far: Running::new() }
    }

    /// The sink, and what it was given.
    pub(crate) fn finish(self) -> (W, Sum) {
        let sum = self.so_far.sum();
        (self.sink, sum)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let taken = self.sink.write(buf)?;
        self.so_far.add(&buf[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl Running {
    pub(super) fn new() -> Self {
        Self { bytes: 0, digest: Context::new(&SHA256) }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.digest.update(bytes);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn sum(&self) -> Sum {
        let digest = self.digest.clone().finish();
        let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
        Sum { bytes: self.bytes, sha256: digits.collect() }
    }
}
