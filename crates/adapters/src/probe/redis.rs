//! Redis probes: `AUTH` where there are credentials, then `PING`, spoken by hand.
//!
//! | reply to `PING`, or to `AUTH`                                               | outcome         |
//! |-----------------------------------------------------------------------------|-----------------|
//! | `+PONG`                                                                     | as expected     |
//! | `-NOAUTH`, `-WRONGPASS`, `-NOPERM`, `-DENIED`, any other error to `AUTH`    | not performed   |
//! | `-LOADING`, `-MASTERDOWN`, `-BUSY`, too many clients, any other error       | not as expected |
//! | anything else, or the connection closed                                     | not as expected |

use std::net::SocketAddr;

use backout_core::config::{Probe, SecretOrText};
use backout_core::port::{ProbeOutcome, Reading};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use url::Url;

use super::connect::Endpoint;
use super::outcome::{Performed, answered, not_as_expected, not_performed, of_io, prepared};
use super::redact::Lookup;
use super::tls::Tls;

/// Redis's own port.
const PORT: u16 = 6379;

/// The longest reply that is read.
const REPLY_LIMIT: u64 = 512;

/// How to connect, and what is said.
struct Prepared {
    endpoint: Endpoint,
    addresses: Vec<SocketAddr>,
    auth: Option<Vec<u8>>,
    is_tls: bool,
}

/// Asks Redis whether it answers.
pub(super) async fn probe(tls: &Tls, lookup: &mut Lookup<'_>, probe: &Probe, url: &SecretOrText) -> Performed {
    let ready = prepared(probe.timeout, prepare(url, lookup)).await?;
    let (outcome, took) = answered(probe.timeout, ask(tls, &ready)).await?;
    Ok(Reading { outcome, latency: Some(took) })
}

async fn prepare(url: &SecretOrText, lookup: &mut Lookup<'_>) -> Performed<Prepared> {
    let text = lookup.text(url).await?;
    let url = Url::parse(text.reveal()).ok().filter(|url| matches!(url.scheme(), "redis" | "rediss"));
    let url =
        url.ok_or_else(|| not_performed("its address does not start with redis:// or rediss://, or is not valid"))?;
    let (user, password) = (decoded(url.username()), url.password().map(decoded));
    lookup.hide(url.password().unwrap_or_default());
    lookup.hide(password.as_deref().unwrap_or_default());
    let endpoint = Endpoint::of_url(&url, PORT)?;
    let auth = password.map(|password| match user.as_str() {
        "" => request(&["AUTH", &password]),
        user => request(&["AUTH", user, &password]),
    });
    Ok(Prepared { addresses: endpoint.resolve().await?, endpoint, auth, is_tls: url.scheme() == "rediss" })
}

async fn ask(tls: &Tls, ready: &Prepared) -> Performed<ProbeOutcome> {
    let stream = ready.endpoint.connect(&ready.addresses).await?;
    if ready.is_tls {
        return converse(tls.handshake(true, &ready.endpoint, stream).await?, ready).await;
    }
    converse(stream, ready).await
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, ready: &Prepared) -> Performed<ProbeOutcome> {
    let mut stream = BufReader::new(stream);
    if let Some(auth) = &ready.auth {
        let reply = say(&mut stream, auth, &ready.endpoint).await?;
        if reply != "+OK" {
            return Ok(of_auth(&reply));
        }
    }
    let reply = say(&mut stream, &request(&["PING"]), &ready.endpoint).await?;
    Ok(of_ping(&reply))
}

/// Sends a request and returns the line that comes back.
async fn say<S>(stream: &mut BufReader<S>, request: &[u8], endpoint: &Endpoint) -> Performed<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |error| of_io(&error, endpoint);
    stream.write_all(request).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut line = Vec::new();
    (&mut *stream).take(REPLY_LIMIT).read_until(b'\n', &mut line).await.map_err(failed)?;
    if line.is_empty() {
        return Err(not_as_expected(format!("{endpoint} closed the connection without an answer")));
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn of_ping(reply: &str) -> ProbeOutcome {
    match reply.strip_prefix('-') {
        _ if reply == "+PONG" => ProbeOutcome::AsExpected { what: "PONG".to_owned() },
        Some(error) if is_of_credentials(error) => not_performed(error),
        Some(error) => not_as_expected(error),
        None => not_as_expected("what answers is not Redis"),
    }
}

/// A server that cannot serve says so to `AUTH` as well; everything else it says there is about the credentials.
fn of_auth(reply: &str) -> ProbeOutcome {
    let cannot_serve = ["LOADING", "MASTERDOWN", "BUSY", "ERR max number of clients"];
    match reply.strip_prefix('-') {
        Some(error) if cannot_serve.iter().any(|start| error.starts_with(start)) => not_as_expected(error),
        Some(error) => not_performed(error),
        None => not_as_expected("what answers is not Redis"),
    }
}

fn is_of_credentials(error: &str) -> bool {
    ["NOAUTH", "WRONGPASS", "NOPERM", "DENIED"].iter().any(|start| error.starts_with(start))
}

/// A request as an array of bulk strings.
fn request(words: &[&str]) -> Vec<u8> {
    let bulk = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
    let words_as_bulk: String = words.iter().map(bulk).collect();
    format!("*{}\r\n{words_as_bulk}", words.len()).into_bytes()
}

/// A part of an address with `%41` as `A`; what is no such escape stays as it is.
pub(crate) fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &tail[2..]),
            None => (bytes.push(*first), rest = tail),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_an_array_of_bulk_strings() {
        assert_eq!(request(&["AUTH", "pä ss"]), "*2\r\n$4\r\nAUTH\r\n$6\r\npä ss\r\n".as_bytes());
    }

    #[test]
    fn escapes_in_credentials_are_decoded() {
        for (part, expected) in [("p%40ss%2Fw", "p@ss/w"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%C3%A9", "é")] {
            assert_eq!(decoded(part), expected);
        }
    }

    #[test]
    fn only_credentials_excuse_a_server_that_answers_with_an_error() {
        for (reply, holds) in [
            ("+PONG", Some(true)),
            ("-LOADING Redis is loading the dataset in memory", Some(false)),
            ("-MASTERDOWN Link with MASTER is down", Some(false)),
            ("-ERR max number of clients reached", Some(false)),
            ("HTTP/1.1 400 Bad Request", Some(false)),
            ("-NOAUTH Authentication required.", None),
            ("-NOPERM this user has no permissions to run the 'ping' command", None),
        ] {
            assert_eq!(of_ping(reply).holds(), holds, "{reply}");
        }
        for (reply, holds) in [
            ("-WRONGPASS invalid username-password pair or user is disabled.", None),
            ("-ERR AUTH <password> called without any password configured for the default user.", None),
            ("-LOADING Redis is loading the dataset in memory", Some(false)),
            ("-ERR max number of clients reached", Some(false)),
        ] {
            assert_eq!(of_auth(reply).holds(), holds, "{reply}");
        }
    }
}
