//! A connection that requests can be sent over.

use std::net::SocketAddr;

use backout_core::config::Protocol;
use http::Request;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use super::http1::exchange;
use super::http2::Http2;
use super::received::{BODY_LIMIT, Received};
use crate::probe::connect::Endpoint;
use crate::probe::outcome::{Performed, not_as_expected};
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
pub(in crate::probe) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection. It is driven by whoever asks over it: nothing is left behind when it is dropped.
pub(super) struct Line {
    spoken: Spoken,
    certificate_ends: Option<Timestamp>,
}

enum Spoken {
    Http1(Box<dyn Stream>),
    Http2(Http2),
}

impl Line {
    /// Connects, shakes hands, and agrees upon the protocol.
    pub(super) async fn open(place: &Place<'_>) -> Performed<Self> {
        let (stream, certificate_ends): (Box<dyn Stream>, _) = match place.tls {
            None => (Box::new(place.endpoint.connect(place.addresses).await?), None),
            // In a box: a handshake takes ten times the room that a probe without one does.
            Some(tls) => Box::pin(secured(place, tls)).await?,
        };
        let spoken = match place.protocol {
            Protocol::Http1 => Spoken::Http1(stream),
            Protocol::Http2 => Spoken::Http2(Box::pin(Http2::begin(stream, place.endpoint)).await?),
        };
        Ok(Self { spoken, certificate_ends })
    }

    /// Sends a request and reads its answer.
    pub(super) async fn ask(&mut self, request: &Request<String>, endpoint: &Endpoint) -> Performed<Received> {
        let received = match &mut self.spoken {
            Spoken::Http1(stream) => {
                exchange(stream, request, BODY_LIMIT).await.map_err(|broken| broken.outcome(endpoint))?
            }
            Spoken::Http2(http2) => Box::pin(http2.ask(request, endpoint)).await?,
        };
        Ok(Received { certificate_ends: self.certificate_ends, ..received })
    }
}

async fn secured(place: &Place<'_>, (tls, verify): (&Tls, bool)) -> Performed<(Box<dyn Stream>, Option<Timestamp>)> {
    let stream = place.endpoint.connect(place.addresses).await?;
    let is_http2 = place.protocol == Protocol::Http2;
    let offered = if is_http2 { vec![b"h2".to_vec()] } else { Vec::new() };
    let stream = tls.handshake_for(verify, place.endpoint, stream, offered).await?;
    if is_http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(not_as_expected(format!("{} does not offer HTTP/2", place.endpoint)));
    }
    let ends = certificate_ends(&stream);
    Ok((Box::new(stream), ends))
}
