//! HTTP probes: one request over one connection of its own.
//!
//! Spoken with hyper over our own connection rather than with reqwest: each phase (name, connection, handshake, answer)
//! then has an error type of its own instead of one that must be guessed from a chain, and a probe costs less than half
//! the CPU time. A hundred targets probed each second must stay under 1 % of a core.

use std::error::Error as _;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use backout_core::config::{HttpMethod, HttpProbe, Probe};
use backout_core::detect::{HttpAnswer, Patterns, time_left};
use backout_core::port::{Clock, ProbeOutcome};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::connect::Endpoint;
use super::outcome::{Performed, answered, compared, not_as_expected, not_performed, of_io, prepared};
use super::redact::Lookup;
use super::tls::{Tls, certificate_ends};

/// How much of a body is read.
const BODY_LIMIT: usize = 1024 * 1024;

/// How probes name themselves.
pub(super) const AGENT: &str = concat!("backout/", env!("CARGO_PKG_VERSION"));

/// What every HTTP probe of a client shares.
pub(super) struct Asker<'a> {
    pub(super) tls: &'a Tls,
    pub(super) clock: &'a dyn Clock,
    pub(super) patterns: &'a Patterns,
}

/// What is sent, and to where.
struct Prepared {
    endpoint: Endpoint,
    addresses: Vec<SocketAddr>,
    request: Request<String>,
    is_tls: bool,
}

/// What came back.
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) is_cut: bool,
    certificate_ends: Option<Timestamp>,
}

/// Sends the request and compares the answer.
pub(super) async fn probe(asker: &Asker<'_>, lookup: &mut Lookup<'_>, probe: &Probe, http: &HttpProbe) -> Performed {
    let ready = prepared(probe.timeout, prepare(http, lookup)).await?;
    let (received, took) = answered(probe.timeout, ask(asker.tls, http.expect.tls.verify, ready)).await?;
    let certificate = received.certificate_ends.map(|end| time_left(end, asker.clock.now()));
    Ok(compared(received.answer(took, certificate).compare(&http.expect, asker.patterns), Some(took)))
}

impl Received {
    fn answer(&self, took: Duration, certificate: Option<Duration>) -> HttpAnswer<'_> {
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
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

async fn prepare(http: &HttpProbe, lookup: &mut Lookup<'_>) -> Performed<Prepared> {
    let url = Url::parse(&http.url).map_err(|error| not_performed(format!("its address is not valid: {error}")))?;
    let is_tls = url.scheme() == "https";
    let endpoint = Endpoint::of_url(&url, if is_tls { 443 } else { 80 })?;
    let request = request(http, &url, lookup).await?;
    Ok(Prepared { addresses: endpoint.resolve().await?, endpoint, request, is_tls })
}

async fn request(http: &HttpProbe, url: &Url, lookup: &mut Lookup<'_>) -> Performed<Request<String>> {
    let mut request = Request::new(String::new());
    *request.method_mut() = method(http.method);
    *request.uri_mut() = target(url).parse().map_err(|_| not_performed("its path cannot be sent"))?;
    let fixed = [("host", authority(url).as_str()), ("user-agent", AGENT), ("accept", "*/*"), ("connection", "close")]
        .map(|(name, value)| (name, value.to_owned()));
    for (name, value) in fixed {
        add(request.headers_mut(), name, &value)?;
    }
    for (name, value) in &http.headers {
        add(request.headers_mut(), name, lookup.text(value).await?.reveal())?;
    }
    Ok(request)
}

/// Sets a header; the ones that are always sent give way to those of the configuration.
pub(super) fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Performed<()> {
    let header = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value).ok());
    let (name, value) = header.ok_or_else(|| not_performed(format!("its header `{name}` cannot be sent")))?;
    headers.insert(name, value);
    Ok(())
}

fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Post => Method::POST,
        HttpMethod::Options => Method::OPTIONS,
    }
}

/// What the request line asks for.
pub(super) fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// What the `host` header says: the port only where it is not the scheme's own.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

async fn ask(tls: &Tls, verify: bool, ready: Prepared) -> Performed<Received> {
    let Prepared { endpoint, addresses, request, is_tls } = ready;
    let stream = endpoint.connect(&addresses).await?;
    if !is_tls {
        return exchange(stream, request, &endpoint).await;
    }
    let stream = tls.handshake(verify, &endpoint, stream).await?;
    let certificate_ends = certificate_ends(&stream);
    Ok(Received { certificate_ends, ..exchange(stream, request, &endpoint).await? })
}

/// Sends a request and reads its answer. The connection is driven by this very task: nothing is left behind when the
/// probe is dropped.
async fn exchange<S>(stream: S, request: Request<String>, endpoint: &Endpoint) -> Performed<Received>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| of_hyper(&error, endpoint))?;
    let received = receive((&mut sender, pin!(connection)), request).await;
    received.map_err(|error| of_hyper(&error, endpoint))
}

/// Sends a request over a connection, which is driven until the answer is there.
pub(super) async fn receive<S>(
    (sender, connection): (&mut http1::SendRequest<String>, Pin<&mut http1::Connection<TokioIo<S>, String>>),
    request: Request<String>,
) -> hyper::Result<Received>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = async {
        let (head, mut body) = sender.send_request(request).await?.into_parts();
        let (body, is_cut) = read(&mut body).await?;
        Ok(Received { status: head.status, headers: texts(&head.headers), body, is_cut, certificate_ends: None })
    };
    let mut answer = pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // What ended the connection has been told to the answer as well.
        _ = connection => answer.await,
    }
}

/// The body up to the limit, and whether there was more.
async fn read(body: &mut Incoming) -> hyper::Result<(Vec<u8>, bool)> {
    let mut content = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        content.extend(frame?.into_data().unwrap_or_default());
        if content.len() > BODY_LIMIT {
            content.truncate(BODY_LIMIT);
            return Ok((content, true));
        }
    }
    Ok((content, false))
}

pub(super) fn of_hyper(error: &hyper::Error, endpoint: &Endpoint) -> ProbeOutcome {
    match error.source().and_then(|source| source.downcast_ref::<std::io::Error>()) {
        Some(error) => of_io(error, endpoint),
        None if error.is_incomplete_message() => {
            not_as_expected(format!("{endpoint} closed the connection before its answer was complete"))
        }
        None if error.is_user() => not_performed(error),
        None => not_as_expected(format!("{endpoint} does not speak HTTP: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use backout_core::config::{HttpExpect, SecretOrText, Sensitive};

    use super::*;
    use crate::secret::Secrets;

    async fn built(url: &str, headers: &[(&str, &str)]) -> Performed<Request<String>> {
        let text = |text: &str| SecretOrText::Text(Sensitive::new(text.to_owned()));
        let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        let http = HttpProbe { url: url.to_owned(), method: HttpMethod::Head, headers, expect: HttpExpect::default() };
        let secrets = Secrets::new(BTreeMap::new(), "/");
        request(&http, &Url::parse(url).unwrap(), &mut Lookup::new(&secrets)).await
    }

    #[tokio::test]
    async fn a_request_asks_for_path_and_query_of_the_host_with_its_port() {
        let request = built("http://[::1]:8001/health?deep=1#part", &[]).await.unwrap();
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::HEAD, "/health?deep=1"));
        assert_eq!(request.headers()["host"], "[::1]:8001");
        assert_eq!(request.headers()["connection"], "close");
        assert_eq!(built("https://shop.example:443", &[]).await.unwrap().headers()["host"], "shop.example");
    }

    #[tokio::test]
    async fn a_configured_header_replaces_the_usual_one() {
        let request = built("http://127.0.0.1/", &[("host", "shop.example"), ("x-token", "1")]).await.unwrap();
        let headers = request.headers();
        assert_eq!(headers.get_all("host").iter().count(), 1);
        assert_eq!((&headers["host"], &headers["x-token"]), (&"shop.example".parse().unwrap(), &"1".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_header_that_would_break_the_request_is_named_without_its_value() {
        let outcome = built("http://127.0.0.1/", &[("x-token", "hunter2\r\nx: y")]).await.unwrap_err();
        assert_eq!(outcome, not_performed("its header `x-token` cannot be sent"));
    }
}
