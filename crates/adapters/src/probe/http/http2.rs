//! HTTP/2: one stream at a time over a connection that the asking task drives.

use std::future::poll_fn;
use std::io::Cursor;
use std::pin::Pin;

use h2::client::{Builder, Connection, ResponseFuture, SendRequest};
use http::{HeaderMap, HeaderValue, Request};

use super::line::Stream;
use super::received::{BODY_LIMIT, Received};
use crate::probe::connect::Endpoint;
use crate::probe::outcome::{Performed, not_as_expected, of_io};

/// How much a server may send before it is read.
const WINDOW: u32 = 64 * 1024;

/// How large the head of an answer may be.
const HEAD_LIMIT: u32 = 64 * 1024;

/// What is sent beside heads.
type Body = Cursor<Vec<u8>>;

/// A connection over which HTTP/2 is spoken.
pub(super) struct Http2 {
    sender: SendRequest<Body>,
    connection: Pin<Box<Connection<Box<dyn Stream>, Body>>>,
}

impl Http2 {
    /// Says hello. What the server answers to that is read with the first answer.
    pub(super) async fn begin(stream: Box<dyn Stream>, endpoint: &Endpoint) -> Performed<Self> {
        let mut builder = Builder::new();
        builder.enable_push(false).max_header_list_size(HEAD_LIMIT).initial_window_size(WINDOW);
        builder.initial_connection_window_size(WINDOW);
        let (sender, connection) = builder.handshake(stream).await.map_err(|error| of_h2(&error, endpoint))?;
        Ok(Self { sender, connection: Box::pin(connection) })
    }

    /// Sends a request and reads its answer.
    pub(super) async fn ask(&mut self, request: &Request<String>, endpoint: &Endpoint) -> Performed<Received> {
        let body = request.body().clone().into_bytes();
        let request = request.clone().map(|_| ());
        let (sender, connection) = (&mut self.sender, &mut self.connection);
        let answer = async {
            poll_fn(|context| sender.poll_ready(context)).await?;
            let (response, mut stream) = sender.send_request(request, body.is_empty())?;
            if !body.is_empty() {
                stream.send_data(Cursor::new(body), true)?;
            }
            read(response).await
        };
        let mut answer = std::pin::pin!(answer);
        let received = tokio::select! {
            biased;
            answer = &mut answer => answer,
            // What ended the connection has been told to the answer as well.
            _ = connection.as_mut() => answer.await,
        };
        received.map_err(|error| of_h2(&error, endpoint))
    }
}

/// The head and the body, up to the limit.
async fn read(response: ResponseFuture) -> Result<Received, h2::Error> {
    let (head, mut stream) = response.await?.into_parts();
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
        if body.len() > BODY_LIMIT {
            body.truncate(BODY_LIMIT);
            is_cut = true;
            break;
        }
    }
    let headers = texts(&head.headers);
    Ok(Received { status: head.status, headers, body, is_cut, keeps_open: !is_cut, certificate_ends: None })
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn of_h2(error: &h2::Error, endpoint: &Endpoint) -> backout_core::port::ProbeOutcome {
    match error.get_io() {
        Some(error) => of_io(error, endpoint),
        None if error.is_remote() => match error.reason() {
            Some(reason) if error.is_go_away() => {
                not_as_expected(format!("{endpoint} ended the connection: {}", reason.description()))
            }
            Some(reason) => not_as_expected(format!("{endpoint} ended the request: {}", reason.description())),
            None => not_as_expected(format!("{endpoint} ended the connection: {error}")),
        },
        None => not_as_expected(format!("{endpoint} does not speak HTTP/2: {error}")),
    }
}
