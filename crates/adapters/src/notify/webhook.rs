//! An address of one's own: the notice as JSON, signed.
//!
//! The signature is HMAC-SHA256 with the secret over `TIMESTAMP.BODY`, in hexadecimal digits: header
//! `X-Backout-Signature: v1=...`, with `X-Backout-Timestamp` in seconds since 1970. A receiver refuses what is older than a few
//! minutes, and remembers `Idempotency-Key`.

use std::fmt::Write as _;

use backout_core::notify::Letter;
use jiff::Timestamp;
use ring::hmac;
use serde_json::json;

use super::http::Request;

/// The version of the body.
const VERSION: u32 = 1;

/// The request for a letter.
pub(super) fn request(url: &str, secret: Option<&str>, letter: &Letter, now: Timestamp) -> Request {
    let notice = &letter.notice;
    let body = json!({
        "version": VERSION,
        "id": notice.id,
        "event": notice.event.word(),
        "severity": notice.severity,
        "alert": notice.event.alert(),
        "project": notice.project,
        "environment": notice.environment,
        "run": notice.run,
        "at": notice.at,
        "title": letter.title,
        "text": letter.text,
        "fields": letter.fields,
        "resolves": notice.resolves,
    });
    let request = Request::post(url, &body)
        .header("idempotency-key", notice.id.as_str())
        .header("x-backout-event", notice.event.word());
    match secret {
        None => request,
        Some(secret) => {
            let timestamp = now.as_second().to_string();
            let signature = signature(secret, &timestamp, &request.body);
            request.header("x-backout-timestamp", timestamp).header("x-backout-signature", format!("v1={signature}"))
        }
    }
}

fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As made by `printf '1.{}' | openssl dgst -sha256 -hmac secret`.
    const OF_OPENSSL: &str = "1122767b193110cfec322b6f199b599edbf608ed087f2d27afb0b97d99523908";

    #[test]
    fn the_signature_is_the_one_that_openssl_makes() {
        assert_eq!(signature("secret", "1", "{}"), OF_OPENSSL);
    }
}
