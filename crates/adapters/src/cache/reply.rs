//! What Redis answers: version 2 of its protocol, as far as the commands sent here need it.

use std::future::Future;
use std::pin::Pin;

use backout_core::port::PortError;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The longest line and the longest key that are read, in bytes: Redis has keys of at most 512 MB, nobody has.
const LONGEST: u64 = 16 * 1024 * 1024;
/// The most elements of one list.
const MOST: i64 = 1_000_000;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// `+OK`
    Simple(String),
    /// `-ERR …`
    Error(String),
    /// `:3`
    Integer(i64),
    /// `$…`; nothing where there is no such thing.
    Bulk(Vec<u8>),
    /// `*…`
    List(Vec<Reply>),
}

/// Reads one answer to its end.
pub(super) fn read<'a, S>(stream: &'a mut S) -> Pin<Box<dyn Future<Output = Result<Reply, PortError>> + Send + 'a>>
where
    S: AsyncBufRead + Unpin + Send,
{
    Box::pin(async move {
        let line = line(stream).await?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(not_redis)?;
        let number = || rest.parse::<i64>().map_err(|_| not_redis());
        Ok(match kind {
            "+" => Reply::Simple(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(number()?),
            "$" => Reply::Bulk(bulk(stream, number()?).await?),
            "*" => {
                let mut list = Vec::new();
                for _ in 0..number()?.min(MOST) {
                    list.push(read(stream).await?);
                }
                Reply::List(list)
            }
            _ => return Err(not_redis()),
        })
    })
}

async fn line<S: AsyncBufRead + Unpin + Send>(stream: &mut S) -> Result<String, PortError> {
    let mut line = Vec::new();
    (&mut *stream).take(LONGEST).read_until(b'\n', &mut line).await.map_err(|error| broken(&error))?;
    if line.is_empty() {
        return Err(PortError::new("Redis closed the connection without an answer"));
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

async fn bulk<S: AsyncBufRead + Unpin + Send>(stream: &mut S, length: i64) -> Result<Vec<u8>, PortError> {
    let Ok(length) = u64::try_from(length) else { return Ok(Vec::new()) };
    if length > LONGEST {
        return Err(PortError::new(format!("Redis has a key of {length} bytes, which is more than is read")));
    }
    let mut bytes = Vec::new();
    (&mut *stream).take(length + 2).read_to_end(&mut bytes).await.map_err(|error| broken(&error))?;
    if bytes.len() as u64 != length + 2 {
        return Err(PortError::new("Redis closed the connection within an answer"));
    }
    bytes.truncate(bytes.len() - 2);
    Ok(bytes)
}

fn broken(error: &std::io::Error) -> PortError {
    PortError::new(format!("the connection to Redis broke: {error}"))
}

fn not_redis() -> PortError {
    PortError::new("what answers is not Redis")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_are_read_to_their_end_whatever_is_in_a_key() {
        let mut bytes = &b"*2\r\n$1\r\n7\r\n*2\r\n$4\r\na\r\nb\r\n$-1\r\n:3\r\n"[..];
        let list = |list| Reply::List(list);
        let keys = list(vec![Reply::Bulk(b"a\r\nb".to_vec()), Reply::Bulk(Vec::new())]);
        assert_eq!(read(&mut bytes).await.unwrap(), list(vec![Reply::Bulk(b"7".to_vec()), keys]));
        assert_eq!(read(&mut bytes).await.unwrap(), Reply::Integer(3));
        assert!(read(&mut bytes).await.is_err());
    }

    #[tokio::test]
    async fn what_is_cut_off_or_not_redis_is_an_error() {
        for text in ["$9\r\nabc\r\n", "HTTP/1.1 400 Bad Request\r\n", ":x\r\n", ""] {
            assert!(read(&mut text.as_bytes()).await.is_err(), "{text}");
        }
    }
}
