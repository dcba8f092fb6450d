//! The body of an answer, up to a limit.

use tokio::io::AsyncRead;

use super::broken::Broken;
use super::chunks::{after_chunk, chunk, trailers};
use super::head::Framing;
use super::incoming::Incoming;

/// What was read of a body.
pub(super) struct Body {
    content: Vec<u8>,
    most: usize,
}

impl Body {
    /// Reads a body; of one that is longer than `most` bytes only these. Also says whether it is.
    pub(super) async fn read<S>(
        incoming: &mut Incoming<'_, S>,
        framing: Framing,
        most: usize,
    ) -> Result<(Vec<u8>, bool), Broken>
    where
        S: AsyncRead + Unpin,
    {
        let mut body = Self { content: Vec::new(), most };
        match framing {
            Framing::Length(length) => body.add(incoming, length).await?,
            Framing::Chunks => body.add_chunks(incoming).await?,
            Framing::UntilClosed => match body.add(incoming, u64::MAX).await {
                Ok(()) | Err(Broken::Closed) => {}
                Err(broken) => return Err(broken),
            },
        }
        let is_cut = body.is_too_long();
        body.content.truncate(most);
        Ok((body.content, is_cut))
    }

    async fn add_chunks<S: AsyncRead + Unpin>(&mut self, incoming: &mut Incoming<'_, S>) -> Result<(), Broken> {
        loop {
            match chunk(incoming).await? {
                0 => return trailers(incoming).await,
                length => self.add(incoming, length).await?,
            }
            if self.is_too_long() {
                return Ok(());
            }
            after_chunk(incoming).await?;
        }
    }

    /// Adds so many bytes, or fewer where that is enough to know that it is too long.
    async fn add<S: AsyncRead + Unpin>(&mut self, incoming: &mut Incoming<'_, S>, length: u64) -> Result<(), Broken> {
        let mut missing = length;
        while missing > 0 && !self.is_too_long() {
            if incoming.held().is_empty() {
                incoming.more().await?;
            }
            let held = incoming.held();
            let count = usize::try_from(missing).map_or(held.len(), |missing| held.len().min(missing));
            self.content.extend(held.iter().take(count));
            incoming.take(count);
            missing -= count as u64;
        }
        Ok(())
    }

    fn is_too_long(&self) -> bool {
        self.content.len() > self.most
    }
}
