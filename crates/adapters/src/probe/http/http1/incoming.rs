//! What a server has sent and nobody has taken yet.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::broken::Broken;

/// How much is read at once.
const PIECE: usize = 16 * 1024;

/// Reads pieces, and holds what was not taken of them. Takes no memory before something has come.
pub(super) struct Incoming<'a, S> {
    stream: &'a mut S,
    held: Vec<u8>,
    taken: usize,
}

impl<'a, S: AsyncRead + Unpin> Incoming<'a, S> {
    pub(super) fn from(stream: &'a mut S) -> Self {
        Self { stream, held: Vec::new(), taken: 0 }
    }

    /// What is there to be taken.
    pub(super) fn held(&self) -> &[u8] {
        self.held.get(self.taken..).unwrap_or_default()
    }

    /// Takes so many bytes of what is there.
    pub(super) fn take(&mut self, count: usize) {
        self.taken = self.held.len().min(self.taken + count);
    }

    /// Waits for another piece, and adds it to what is there.
    pub(super) async fn more(&mut self) -> Result<(), Broken> {
        self.held.drain(..self.taken);
        self.taken = 0;
        match poll_fn(|context| self.poll_piece(context)).await {
            Ok(0) => Err(Broken::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(Broken::Connection(error)),
        }
    }

    /// The room for a piece is on the stack: one that is waited for needs none.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        let mut room = [const { MaybeUninit::uninit() }; PIECE];
        let mut piece = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *self.stream).poll_read(context, &mut piece))?;
        self.held.extend_from_slice(piece.filled());
        Poll::Ready(Ok(piece.filled().len()))
    }
}
