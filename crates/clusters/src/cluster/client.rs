//! The client of a cluster: how patient it is with one that is busy or silent.
//!
//! Contract: a request that cannot be done is told within seconds. The library's own retries go on for five minutes, in which
//! nobody hears of it and nothing else of a way back goes on.

use std::time::Duration;

use backout_core::port::PortError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::client::ClientBuilder;
use kube::client::retry::RetryPolicy;
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;

use super::credentials::Credentials;

/// How often a request is made again that the API server is too busy for (429, 503, 504).
const RETRIES: u32 = 3;
/// The pause before the first of them; each next is twice as long, or as long as the server says.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// How long an API server may be silent within an answer. Longer than a watch is kept open without an event.
const SILENT_FOR: Duration = Duration::from_secs(75);
/// How many requests wait for their turn.
const WAITING: usize = 1024;

/// A client with these credentials. Nothing is asked of the cluster for it.
///
/// # Errors
/// Certificates or credentials that cannot be used.
pub(super) fn client(mut config: Config, credentials: &Credentials) -> Result<Client, PortError> {
    if let Some(token) = &credentials.token {
        config.auth_info.token = Some(token.clone().into());
    }
    if let Some((certificate, key)) = &credentials.identity {
        config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
        config.auth_info.client_key_data = Some(STANDARD.encode(key).into());
    }
    // The cluster's log of requests, and the fields that are written, name the program.
    if let (Ok(name), Ok(value)) = ("user-agent".parse(), concat!("backout/", env!("CARGO_PKG_VERSION")).parse()) {
        config.headers.push((name, value));
    }
    config.default_retry = false;
    config.read_timeout = Some(SILENT_FOR);
    let unusable = |what: String| PortError::new(format!("the cluster's client cannot be set up: {what}"));
    let retry = RetryPolicy::new(PAUSE.0, PAUSE.1, RETRIES, true).map_err(|error| unusable(error.to_string()))?;
    let builder = ClientBuilder::try_from(config).map_err(|error| unusable(error.to_string()))?;
    Ok(builder.with_layer(&BufferLayer::new(WAITING)).with_layer(&RetryLayer::new(retry)).build())
}
