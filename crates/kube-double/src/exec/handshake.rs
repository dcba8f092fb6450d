//! How a client asks for a WebSocket, and what it is answered.

use hyper::Response;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    UPGRADE,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::wire::Reply;

/// What is spoken, the best first.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// What a client has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handshake {
    key: String,
    protocol: &'static str,
}

impl Handshake {
    /// None where the client asks for no WebSocket, or for none that is spoken here.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let said = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let is_asked = said(UPGRADE).is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
        let offered: Vec<&str> = said(SEC_WEBSOCKET_PROTOCOL)?.split(',').map(str::trim).collect();
        let protocol = PROTOCOLS.into_iter().find(|protocol| offered.contains(protocol))?;
        let key = said(SEC_WEBSOCKET_KEY)?.to_owned();
        is_asked.then_some(Self { key, protocol })
    }

    /// The answer after which the connection is a WebSocket.
    pub(crate) fn answer(&self) -> Response<Reply> {
        let mut response = Response::new(Reply::from(String::new()));
        *response.status_mut() = hyper::StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(self.protocol));
        if let Ok(accept) = derive_accept_key(self.key.as_bytes()).parse() {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protocol(offered: &str, upgrade: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(UPGRADE, upgrade.parse().unwrap());
        headers.insert(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap());
        headers.insert(SEC_WEBSOCKET_PROTOCOL, offered.parse().unwrap());
        Handshake::of(&headers).map(|handshake| handshake.protocol)
    }

    #[test]
    fn the_best_protocol_that_both_speak_is_taken() {
        let [v5, v4] = PROTOCOLS;
        assert_eq!(protocol("v4.channel.k8s.io, v5.channel.k8s.io", "WebSocket"), Some(v5));
        assert_eq!(protocol("v4.channel.k8s.io,channel.k8s.io", "websocket"), Some(v4));
        assert_eq!(protocol("channel.k8s.io", "websocket"), None);
        assert_eq!(protocol("v5.channel.k8s.io", "SPDY/3.1"), None);
    }

    /// The example of RFC 6455, section 1.3.
    #[test]
    fn the_key_is_answered_as_the_standard_says() {
        let handshake = Handshake { key: "dGhlIHNhbXBsZSBub25jZQ==".to_owned(), protocol: PROTOCOLS[0] };
        let answer = handshake.answer();
        assert_eq!(answer.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(answer.status().as_u16(), 101);
    }
}
