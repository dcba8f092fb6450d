//! What comes back: the head, and the body up to a limit.

use std::time::Duration;

use backout_core::detect::HttpAnswer;
use http::StatusCode;
use jiff::Timestamp;

/// How much of a body is read.
pub(in crate::probe) const BODY_LIMIT: usize = 1024 * 1024;

/// What came back.
pub(in crate::probe) struct Received {
    pub(in crate::probe) status: StatusCode,
    /// Names in lower case, in the order of the answer.
    pub(in crate::probe) headers: Vec<(String, String)>,
    pub(in crate::probe) body: Vec<u8>,
    pub(in crate::probe) is_cut: bool,
    /// Whether another request may follow over the same connection.
    pub(in crate::probe) keeps_open: bool,
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

    /// The first header of this name.
    pub(in crate::probe) fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}
