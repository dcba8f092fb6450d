//! Requests as values, and the one place that sends them.

use std::time::Duration;

use backout_core::port::NotDelivered;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, NoProxy, Proxy, StatusCode, redirect};
use serde_json::Value;

use crate::command::Environment;

/// How much of an answer is read.
const ANSWER_LIMIT: usize = 64 * 1024;
/// How much of an answer is repeated to people, in characters.
const SHOWN: usize = 200;

/// A request, before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    /// JSON text.
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn post(url: impl Into<String>, body: &Value) -> Self {
        Self { method: Method::POST, url: url.into(), headers: Vec::new(), body: body.to_string() }
    }

    pub(super) fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Sends requests for one letter.
pub(crate) struct Asker {
    client: Client,
}

impl Asker {
    pub(crate) fn new(environment: &Environment, timeout: Duration) -> Result<Self, NotDelivered> {
        let unusable = |error| NotDelivered::for_now(format!("HTTP cannot be used here: {}", in_words(error)));
        let named = |names: [&str; 2]| {
            let values = names.into_iter().filter_map(|name| environment.get(std::ffi::OsStr::new(name)));
            values.filter_map(|value| value.to_str()).find(|value| !value.is_empty())
        };
        let except = named(["NO_PROXY", "no_proxy"]).and_then(NoProxy::from_string);
        let builder = Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(timeout);
        let mut builder = builder.user_agent(concat!("backout/", env!("CARGO_PKG_VERSION")));
        if let Some(address) = named(["HTTPS_PROXY", "https_proxy"]) {
            builder = builder.proxy(Proxy::https(address).map_err(unusable)?.no_proxy(except.clone()));
        }
        if let Some(address) = named(["HTTP_PROXY", "http_proxy"]) {
            builder = builder.proxy(Proxy::http(address).map_err(unusable)?.no_proxy(except));
        }
        Ok(Self { client: builder.build().map_err(unusable)? })
    }

    /// Sends a request; answers with what came back, as JSON where it is JSON.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Value, NotDelivered> {
        let mut sent = self
            .client
            .request(request.method.clone(), &request.url)
            .header("content-type", "application/json")
            .body(request.body.clone());
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        let mut answer = sent.send().await.map_err(|error| NotDelivered::for_now(in_words(error)))?;
        let (status, asked) = (answer.status(), asked(&answer));
        let mut body = Vec::new();
        while body.len() < ANSWER_LIMIT {
            match answer.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                // What was taken was taken, however the answer ends.
                Ok(None) | Err(_) => break,
            }
        }
        if status.is_success() {
            return Ok(serde_json::from_slice(&body).unwrap_or_default());
        }
        let said: String = String::from_utf8_lossy(&body).trim().chars().take(SHOWN).collect();
        let what =
            if said.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {said}") };
        Err(NotDelivered { what, asked, is_final: is_final(status) })
    }
}

/// Whether the same request will never be taken. Credentials and addresses can be mended by a person.
fn is_final(status: StatusCode) -> bool {
    !(status.is_server_error() || matches!(status.as_u16(), 401 | 403 | 404 | 408 | 429))
}

/// How long the service asks to be left alone, where it says so in seconds.
fn asked(answer: &reqwest::Response) -> Option<Duration> {
    let value = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The cause, without the address, which may be a secret.
fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut causes = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes.dedup();
    causes.join(": ")
}
