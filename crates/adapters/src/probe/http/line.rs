//! A connection that requests can be sent over.

use std::net::SocketAddr;
use std::pin::Pin;

use backout_core::config::Protocol;
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use super::http2::Http2;
use super::received::{BODY_LIMIT, Received, of_hyper, receive};
use crate::probe::connect::Endpoint;
use crate::probe::outcome::{Performed, not_as_expected, not_performed};
use crate::probe::tls::{Tls, certificate_ends};

/// What is connected to, and how.
pub(super) struct Place<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) addresses: &'a [SocketAddr],
    /// What its certificate is verified by, where it has one.
    pub(super) tls: Option<(&'a Tls, bool)>,
    pub(super) protocol: Protocol,
}

/// A stream of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection. It is driven by whoever asks over it: nothing is left behind when it is dropped.
pub(super) struct Line {
    spoken: Spoken,
    certificate_ends: Option<Timestamp>,
}

enum Spoken {
    /// The bare stream, gone while and after a request failed. What hyper keeps of a connection is ten times as much as a
    /// stream, and of no use between two requests.
    Http1(Option<Box<dyn Stream>>),
    Http2(Http2),
}

impl Line {
    /// Connects, shakes hands, and agrees upon the protocol.
    pub(super) async fn open(place: &Place<'_>) -> Performed<Self> {
        let stream = place.endpoint.connect(place.addresses).await?;
        let (stream, certificate_ends): (Box<dyn Stream>, _) = match place.tls {
            None => (Box::new(stream), None),
            Some((tls, verify)) => {
                let offered = if place.protocol == Protocol::Http2 { vec![b"h2".to_vec()] } else { Vec::new() };
                let stream = tls.handshake_for(verify, place.endpoint, stream, offered).await?;
                if place.protocol == Protocol::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                    return Err(not_as_expected(format!("{} does not offer HTTP/2", place.endpoint)));
                }
                let ends = certificate_ends(&stream);
                (Box::new(stream), ends)
            }
        };
        let spoken = match place.protocol {
            Protocol::Http1 => Spoken::Http1(Some(stream)),
            Protocol::Http2 => Spoken::Http2(Http2::begin(stream, place.endpoint).await?),
        };
        Ok(Self { spoken, certificate_ends })
    }

    /// Sends a request and reads its answer.
    pub(super) async fn ask(&mut self, request: Request<String>, endpoint: &Endpoint) -> Performed<Received> {
        let received = match &mut self.spoken {
            Spoken::Http1(place) => {
                let stream = place.take().ok_or_else(|| not_performed("its connection has ended"))?;
                let (received, stream) = over(stream, request).await.map_err(|error| of_hyper(&error, endpoint))?;
                *place = stream;
                received
            }
            Spoken::Http2(http2) => http2.ask(request, endpoint).await?,
        };
        Ok(Received { certificate_ends: self.certificate_ends, ..received })
    }
}

/// One request over a stream, and the stream where nothing is left in it.
async fn over(stream: Box<dyn Stream>, request: Request<String>) -> hyper::Result<(Received, Option<Box<dyn Stream>>)> {
    let (mut sender, mut connection) = http1::handshake(TokioIo::new(stream)).await?;
    let received = receive((&mut sender, Pin::new(&mut connection)), request, BODY_LIMIT).await?;
    let left = connection.into_parts();
    Ok((received, left.read_buf.is_empty().then(|| left.io.into_inner())))
}
