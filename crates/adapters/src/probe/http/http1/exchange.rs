//! One request and its answer.

use http::{Method, Request, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::body::Body;
use super::broken::Broken;
use super::head::Head;
use super::incoming::Incoming;
use super::written::written;
use crate::probe::http::received::Received;

/// Sends a request and reads its answer, of whose body at most so many bytes. Another request may follow where the answer
/// says so.
pub(in crate::probe) async fn exchange<S>(
    stream: &mut S,
    request: &Request<String>,
    most: usize,
) -> Result<Received, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let sent = send(stream, &written(request)).await;
    // A server may answer and close before it was asked; what it said then is still there to be read.
    let answer = answer(stream, request.method(), most).await;
    answer.map_err(|broken| sent.err().map_or(broken, Broken::Connection))
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn answer<S: AsyncRead + Unpin>(stream: &mut S, method: &Method, most: usize) -> Result<Received, Broken> {
    let mut incoming = Incoming::from(stream);
    let head = loop {
        let Some(head) = Head::of(incoming.held(), method)? else {
            incoming.more().await?;
            continue;
        };
        incoming.take(head.length);
        if !head.is_interim() {
            break head;
        }
    };
    let (body, is_cut) = Body::read(&mut incoming, head.framing, most).await?;
    // What follows an answer that nobody has asked for yet is the answer to nothing.
    let is_over = incoming.held().is_empty() && !is_cut && head.status != StatusCode::SWITCHING_PROTOCOLS;
    let keeps_open = head.is_kept_open && is_over;
    Ok(Received { status: head.status, headers: head.headers, body, is_cut, keeps_open, certificate_ends: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::*;

    /// What comes of an answer that is sent in pieces of so many bytes, and then closed.
    async fn asked(answer: &[u8], piece: usize, most: usize) -> Result<(String, bool, bool), Broken> {
        let (mut ours, mut theirs) = duplex(piece);
        let request = Request::get("/").body(String::new()).unwrap();
        let (received, _) = tokio::join!(
            async {
                let received = exchange(&mut ours, &request, most).await;
                drop(ours);
                received
            },
            async {
                let mut asked = vec![0; written(&request).len()];
                tokio::io::AsyncReadExt::read_exact(&mut theirs, &mut asked).await.unwrap();
                let _ = theirs.write_all(answer).await;
                drop(theirs);
            }
        );
        let received = received?;
        Ok((String::from_utf8_lossy(&received.body).into_owned(), received.is_cut, received.keeps_open))
    }

    fn answered(body: &str, is_cut: bool, keeps_open: bool) -> Option<(String, bool, bool)> {
        Some((body.to_owned(), is_cut, keeps_open))
    }

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

    #[tokio::test]
    async fn an_answer_is_the_same_in_whatever_pieces_it_comes() {
        let chunks = format!("{CHUNKED}3;x=y\r\nrea\r\n2\r\ndy\r\n0\r\nx-sum: 7\r\n\r\n");
        for piece in [1, 2, 3, 7, 1024] {
            assert_eq!(asked(chunks.as_bytes(), piece, 9).await.ok(), answered("ready", false, true));
            let two = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            assert_eq!(asked(two, piece, 9).await.ok(), answered("ok", false, true));
            let until_closed = b"HTTP/1.1 200 OK\r\n\r\nready";
            assert_eq!(asked(until_closed, piece, 9).await.ok(), answered("ready", false, false));
        }
    }

    #[tokio::test]
    async fn a_body_is_cut_where_it_is_longer_than_is_wanted() {
        let of_five = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready";
        assert_eq!(asked(of_five, 64, 5).await.ok(), answered("ready", false, true));
        assert_eq!(asked(of_five, 64, 4).await.ok(), answered("read", true, false));
        let chunks = format!("{CHUNKED}3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n");
        assert_eq!(asked(chunks.as_bytes(), 64, 4).await.ok(), answered("read", true, false));
    }

    #[tokio::test]
    async fn an_answer_with_more_behind_it_is_the_last_one_of_its_connection() {
        let two = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n";
        assert_eq!(asked(two, 1024, 9).await.ok(), answered("ok", false, false));
        let switched = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
        assert_eq!(asked(switched, 1024, 9).await.ok(), answered("", false, false));
    }

    #[tokio::test]
    async fn an_answer_that_ends_too_soon_is_none_wherever_it_does() {
        let answers = ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", &format!("{CHUNKED}2\r\nok\r\n0\r\n\r\n")];
        for answer in answers {
            for length in 0..answer.len() {
                let broken = asked(&answer.as_bytes()[..length], 1024, 9).await.unwrap_err();
                assert!(matches!(broken, Broken::Closed), "{length}: {broken:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_chunk_is_told() {
        for chunk in ["\r\n", "zz\r\n", "-1\r\n", "10000000000000000\r\n", "2\r\nokay\r\n", "0\r\na b\r\n\r\n"] {
            let broken = asked(format!("{CHUNKED}{chunk}").as_bytes(), 1024, 9).await.unwrap_err();
            assert!(matches!(broken, Broken::Body(_)), "{chunk:?}: {broken:?}");
        }
        let endless = format!("{CHUNKED}2;{}", "x".repeat(8 * 1024));
        assert!(matches!(asked(endless.as_bytes(), 1024, 9).await, Err(Broken::Body(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200), chunked in any::<bool>()) {
            let head = if chunked { CHUNKED } else { "" };
            let answer = [head.as_bytes(), &bytes].concat();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let whole = runtime.block_on(asked(&answer, 1024, 64)).map_err(|broken| format!("{broken:?}"));
            let pieces = runtime.block_on(asked(&answer, 3, 64)).map_err(|broken| format!("{broken:?}"));
            prop_assert_eq!(whole.map(|(body, is_cut, _)| (body, is_cut)), pieces.map(|(body, is_cut, _)| (body, is_cut)));
        }
    }
}
