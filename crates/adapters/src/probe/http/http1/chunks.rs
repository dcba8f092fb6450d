//! What stands between the chunks of a body (RFC 9112, section 7.1).

use httparse::{EMPTY_HEADER, Status, parse_chunk_size, parse_headers};
use tokio::io::AsyncRead;

use super::broken::Broken;
use super::head::{HEAD_LIMIT, HEADERS};
use super::incoming::Incoming;

/// How long a chunk's first line may be: there may be extensions in it, which nobody uses.
const LINE: usize = 4 * 1024;

/// Takes a chunk's first line: how many bytes follow.
pub(super) async fn chunk<S: AsyncRead + Unpin>(incoming: &mut Incoming<'_, S>) -> Result<u64, Broken> {
    loop {
        let held = incoming.held();
        if held.first().is_some_and(|digit| !digit.is_ascii_hexdigit()) {
            return Err(Broken::Body("a chunk without a length"));
        }
        match parse_chunk_size(held) {
            Ok(Status::Complete((line, length))) => {
                incoming.take(line);
                return Ok(length);
            }
            Ok(Status::Partial) if held.len() <= LINE => incoming.more().await?,
            Ok(Status::Partial) => return Err(Broken::Body("the first line of a chunk is too long")),
            Err(_) => return Err(Broken::Body("a chunk whose length is none")),
        }
    }
}

/// Takes the end of a chunk.
pub(super) async fn after_chunk<S: AsyncRead + Unpin>(incoming: &mut Incoming<'_, S>) -> Result<(), Broken> {
    while incoming.held().len() < 2 {
        incoming.more().await?;
    }
    if !incoming.held().starts_with(b"\r\n") {
        return Err(Broken::Body("a chunk is longer than it says"));
    }
    incoming.take(2);
    Ok(())
}

/// Takes what follows the last chunk: headers that nobody reads.
pub(super) async fn trailers<S: AsyncRead + Unpin>(incoming: &mut Incoming<'_, S>) -> Result<(), Broken> {
    loop {
        let held = incoming.held();
        let length = match parse_headers(held, &mut [EMPTY_HEADER; HEADERS]) {
            Ok(Status::Complete((length, _))) => Some(length),
            Ok(Status::Partial) if held.len() <= HEAD_LIMIT => None,
            Ok(Status::Partial) => return Err(Broken::Body("what follows the last chunk is too long")),
            Err(_) => return Err(Broken::Body("what follows the last chunk are no headers")),
        };
        match length {
            Some(length) => {
                incoming.take(length);
                return Ok(());
            }
            None => incoming.more().await?,
        }
    }
}
