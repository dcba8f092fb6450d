//! Reading a process's output without letting it fill the memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Which end of a long output is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep {
    /// The beginning: output that is parsed.
    First,
    /// The end: messages, of which the last say why.
    Last,
}

/// What has been read so far; shared, so that it can be looked at when the reader has to be given up.
#[derive(Debug, Clone)]
pub(super) struct Captured {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    keep: Keep,
    limit: usize,
}

impl Captured {
    pub(super) fn new(keep: Keep, limit: usize) -> Self {
        Self { bytes: Arc::default(), keep, limit }
    }

    /// Takes what has been read.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    /// Reads to the end; what is over the limit is read and dropped, so that the process is not held up.
    pub(super) async fn read(self, source: Option<impl AsyncRead + Unpin>) {
        let Some(mut source) = source else { return };
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = source.read(&mut chunk).await {
            self.add(&chunk[..length]);
        }
    }

    fn add(&self, chunk: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        match self.keep {
            Keep::First => {
                let room = self.limit.saturating_sub(bytes.len());
                bytes.extend(chunk.iter().take(room));
            }
            Keep::Last => {
                bytes.extend(chunk);
                let excess = bytes.len().saturating_sub(self.limit);
                bytes.drain(..excess);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_keeps_no_more_than_the_limit() {
        for (keep, expected) in [(Keep::First, b"abcd"), (Keep::Last, b"efgh")] {
            let captured = Captured::new(keep, 4);
            captured.add(b"abc");
            captured.add(b"defgh");
            assert_eq!(captured.take(), expected);
        }
    }
}
