//! The one place that reads the clock.

use jiff::Timestamp;

/// Now; the double runs beside real clients, so its time is real.
#[expect(clippy::disallowed_methods, reason = "real clients wait on the wall clock, so the double goes by it too")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// As Kubernetes writes times: whole seconds in UTC.
pub(crate) fn text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads what [`text`] wrote, and any other RFC 3339 time.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
