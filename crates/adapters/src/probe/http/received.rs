//! What comes back: the head, and the body up to a limit.

use std::error::Error as _;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::time::Duration;

use backout_core::detect::HttpAnswer;
use backout_core::port::ProbeOutcome;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::probe::connect::Endpoint;
use crate::probe::outcome::{not_as_expected, not_performed, of_io};

/// How much of a body is read.
pub(in crate::probe) const BODY_LIMIT: usize = 1024 * 1024;

/// How large the head of an HTTP/2 answer may be. (HTTP/1.1: at most 100 headers, and what hyper reads at once.)
pub(super) const HEAD_LIMIT: u32 = 64 * 1024;

/// What came back.
pub(in crate::probe) struct Received {
    pub(in crate::probe) status: StatusCode,
    pub(in crate::probe) headers: Vec<(String, String)>,
    pub(in crate::probe) body: Vec<u8>,
    pub(in crate::probe) is_cut: bool,
    pub(super) certificate_ends: Option<Timestamp>,
}

impl Received {
    pub(super) fn answer(&self, took: Duration, certificate: Option<Duration>) -> HttpAnswer<'_> {
        HttpAnswer {
            status: self.status.as_u16(),
            reason: self.status.canonical_reason().unwrap_or_default(),
            headers: &self.headers,
            body: &self.body,
            is_cut: self.is_cut,
            took,
            certificate,
        }
    }

    /// Whether another request may follow over the same connection.
    pub(in crate::probe) fn keeps_open(&self) -> bool {
        !self.is_cut && !self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The first header of this name.
    pub(in crate::probe) fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

pub(super) fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// Sends a request over a connection, which is driven until the answer is there, or so many bytes of it.
pub(in crate::probe) async fn receive<S>(
    (sender, connection): (&mut http1::SendRequest<String>, Pin<&mut http1::Connection<TokioIo<S>, String>>),
    request: Request<String>,
    most: usize,
) -> hyper::Result<Received>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = async {
        let (head, mut body) = sender.send_request(request).await?.into_parts();
        let (body, is_cut) = read(&mut body, most).await?;
        Ok(Received { status: head.status, headers: texts(&head.headers), body, is_cut, certificate_ends: None })
    };
    let mut answer = pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // What ended the connection has been told to the answer as well.
        _ = connection => answer.await,
    }
}

/// The body up to the limit, and whether there was more.
async fn read(body: &mut Incoming, most: usize) -> hyper::Result<(Vec<u8>, bool)> {
    let mut content = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        content.extend(frame?.into_data().unwrap_or_default());
        if content.len() > most {
            content.truncate(most);
            return Ok((content, true));
        }
    }
    Ok((content, false))
}

pub(in crate::probe) fn of_hyper(error: &hyper::Error, endpoint: &Endpoint) -> ProbeOutcome {
    match error.source().and_then(|source| source.downcast_ref::<std::io::Error>()) {
        // What hyper makes of chunks that are none; no call of the kernel ends like this here.
        Some(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData) => {
            not_as_expected(format!("{endpoint} sends a body that is no HTTP: {error}"))
        }
        Some(error) => of_io(error, endpoint),
        None if error.is_incomplete_message() => {
            not_as_expected(format!("{endpoint} closed the connection before its answer was complete"))
        }
        None if error.is_user() => not_performed(error),
        None => not_as_expected(format!("{endpoint} does not speak HTTP: {error}")),
    }
}
