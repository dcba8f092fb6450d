//! The head of an answer: its status and headers, and how long what follows is.

use http::{Method, StatusCode};
use httparse::{EMPTY_HEADER, Response, Status};

use super::broken::Broken;

/// How large a head may be.
pub(super) const HEAD_LIMIT: usize = 64 * 1024;

/// How many headers it may have.
pub(super) const HEADERS: usize = 100;

/// A head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    /// Names in lower case, in the order of the answer.
    pub(super) headers: Vec<(String, String)>,
    pub(super) framing: Framing,
    /// Whether the server says that another request may follow.
    pub(super) is_kept_open: bool,
    /// How many bytes it takes.
    pub(super) length: usize,
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// In chunks, the last of which is empty.
    Chunks,
    /// Until the server closes the connection.
    UntilClosed,
}

impl Head {
    /// The head that these bytes begin with; `None` where more are needed to tell.
    pub(super) fn of(bytes: &[u8], method: &Method) -> Result<Option<Self>, Broken> {
        let mut room = [EMPTY_HEADER; HEADERS];
        let mut answer = Response::new(&mut room);
        let length = match answer.parse(bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if bytes.len() > HEAD_LIMIT => return Err(no_head("its head is too long")),
            Ok(Status::Partial) => return Ok(None),
            Err(error) => return Err(no_head(error)),
        };
        let code = answer.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = code.ok_or_else(|| no_head("its status is none"))?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers: Vec<_> =
            answer.headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect();
        let is_old = answer.version == Some(0);
        let framing = framing(method, status, &headers, is_old)?;
        let is_kept_open = is_kept_open(&headers, is_old) && framing != Framing::UntilClosed;
        Ok(Some(Self { status, headers, framing, is_kept_open, length }))
    }

    /// Whether the answer itself is still to come.
    pub(super) fn is_interim(&self) -> bool {
        self.status.is_informational() && self.status != StatusCode::SWITCHING_PROTOCOLS
    }
}

/// How long the body is (RFC 9112, section 6.3).
///
/// | answer                                            | its body                            |
/// |---------------------------------------------------|-------------------------------------|
/// | to `HEAD`, and any with status 1xx, 204 or 304    | none                                |
/// | `transfer-encoding`, HTTP/1.0                     | an error: there is no such thing    |
/// | `transfer-encoding`, the last of them `chunked`   | in chunks, whatever the length says |
/// | `transfer-encoding`, other                        | until the connection is closed      |
/// | `content-length`, once or always the same         | so many bytes                       |
/// | `content-length`, other                           | an error: nobody knows              |
/// | other                                             | until the connection is closed      |
fn framing(method: &Method, status: StatusCode, headers: &[(String, String)], is_old: bool) -> Result<Framing, Broken> {
    let has_none = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    if method == Method::HEAD || status.is_informational() || has_none {
        return Ok(Framing::Length(0));
    }
    match listed(headers, "transfer-encoding").last() {
        Some(_) if is_old => return Err(no_head("`transfer-encoding` in HTTP/1.0")),
        Some(last) if last.eq_ignore_ascii_case("chunked") => return Ok(Framing::Chunks),
        Some(_) => return Ok(Framing::UntilClosed),
        None => {}
    }
    let mut lengths = listed(headers, "content-length").map(length);
    let Some(first) = lengths.next() else { return Ok(Framing::UntilClosed) };
    match first.filter(|first| lengths.all(|other| other == Some(*first))) {
        Some(length) => Ok(Framing::Length(length)),
        None => Err(no_head("its `content-length` is none")),
    }
}

/// Digits and nothing else: not even a sign.
fn length(value: &str) -> Option<u64> {
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok()).flatten()
}

/// HTTP/1.1 goes on where nobody says otherwise, HTTP/1.0 where the server says so. With a length beside chunks, where an
/// answer ends is in doubt.
fn is_kept_open(headers: &[(String, String)], is_old: bool) -> bool {
    let says = |wanted: &str| listed(headers, "connection").any(|word| word.eq_ignore_ascii_case(wanted));
    let has = |wanted: &str| headers.iter().any(|(name, _)| name == wanted);
    let is_in_doubt = has("transfer-encoding") && has("content-length");
    !says("close") && (!is_old || says("keep-alive")) && !is_in_doubt
}

/// The members of a header that is a list, over all of its lines.
fn listed<'a>(headers: &'a [(String, String)], wanted: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.iter().filter(move |(name, _)| name == wanted);
    lines.flat_map(|(_, value)| value.split(',')).map(str::trim)
}

fn no_head(why: impl ToString) -> Broken {
    Broken::Head(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<(Framing, bool), String> {
        let head = format!("HTTP/1.{head}\r\n\r\n").replace(';', "\r\n");
        match Head::of(head.as_bytes(), &Method::GET) {
            Ok(Some(head)) => Ok((head.framing, head.is_kept_open)),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_length_of_a_body_is_as_the_standard_says() {
        for (head, framing, is_kept_open) in [
            ("1 200 OK;Content-Length: 2", Framing::Length(2), true),
            ("1 200 OK;content-length: 2;content-length: 2", Framing::Length(2), true),
            ("1 200 OK;content-length: 2, 2", Framing::Length(2), true),
            ("1 204 No Content;content-length: 7", Framing::Length(0), true),
            ("1 304 Not Modified", Framing::Length(0), true),
            ("1 200 OK;transfer-encoding: gzip, Chunked", Framing::Chunks, true),
            ("1 200 OK;transfer-encoding: chunked;content-length: 2", Framing::Chunks, false),
            ("1 200 OK;transfer-encoding: chunked, gzip", Framing::UntilClosed, false),
            ("1 200 OK", Framing::UntilClosed, false),
            ("1 200 OK;content-length: 2;connection: x, Close", Framing::Length(2), false),
            ("1 200 OK;content-length: 2;connection: close;connection: keep-alive", Framing::Length(2), false),
            ("0 200 OK;content-length: 2", Framing::Length(2), false),
            ("0 200 OK;content-length: 2;connection: Keep-Alive", Framing::Length(2), true),
        ] {
            assert_eq!(read(head), Ok((framing, is_kept_open)), "{head}");
        }
    }

    #[test]
    fn a_head_that_says_two_things_is_none() {
        for head in [
            "1 200 OK;content-length: 2;content-length: 3",
            "1 200 OK;content-length: +2",
            "1 200 OK;content-length:",
            "1 200 OK;content-length: 18446744073709551616",
            "0 200 OK;transfer-encoding: chunked",
            "1 099 Low",
            "1 200 OK;a b: c",
        ] {
            assert!(read(head).is_err_and(|why| why.contains("Head(")), "{head}");
        }
    }

    #[test]
    fn a_head_is_waited_for_as_long_as_it_may_become_one() {
        let whole = "HTTP/1.1 200 OK\r\nx-a: b\r\n\r\nok";
        for length in 0..whole.len() - 2 {
            assert!(Head::of(&whole.as_bytes()[..length], &Method::GET).unwrap().is_none(), "{length}");
        }
        let head = Head::of(whole.as_bytes(), &Method::HEAD).unwrap().unwrap();
        assert_eq!((head.length, head.framing), (whole.len() - 2, Framing::Length(0)));
        let endless = format!("HTTP/1.1 200 OK\r\nx-a: {}", "a".repeat(HEAD_LIMIT));
        assert!(Head::of(endless.as_bytes(), &Method::GET).is_err());
    }
}
