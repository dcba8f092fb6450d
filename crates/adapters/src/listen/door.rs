//! The door: what a request must be to be taken, and what is answered.
//!
//! | request | answer |
//! |---|---|
//! | `GET /healthz` | 200 |
//! | `GET /metrics` | 200, as Prometheus reads it |
//! | `POST /hooks/NAME`, in order: known, JSON, not too long, proven, fresh, new, readable | 202 |
//! | anything else | [`Refused::status`] |

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::{Alert, HookTakes, WatchPolicy};
use backout_core::hook::{Heard, Refused, Told, alert_of, alertmanager, announcement_of, heard};
use backout_core::id::AlertName;
use backout_core::journal::Announcement;
use backout_core::port::{Clock, PortError};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::counters::Counters;
use super::proof::Proof;
use crate::secret::Secrets;

/// How much of a body is read.
const LIMIT: usize = 1 << 20;
/// How long a body may take to come.
const COMES_WITHIN: Duration = Duration::from_secs(10);

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Of alerts.
    Alerts(Vec<Heard>),
    /// Of a deploy.
    Deploy(Announcement),
}

/// Metrics to come; nothing where they cannot be had.
pub type Metrics = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// What a door needs.
pub struct Doorway {
    /// Where what is told goes. Where it is full, whoever tells is asked to come again.
    pub news: mpsc::Sender<News>,
    /// More for `/metrics`; whoever asks is told to come again where it cannot be had just now.
    pub metrics: Box<dyn Fn() -> Metrics + Send + Sync>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Takes requests, or refuses them.
pub struct Door {
    hooks: BTreeMap<String, (HookTakes, Proof)>,
    alerts: BTreeMap<AlertName, Alert>,
    way: Doorway,
    counters: Counters,
    since: Timestamp,
}

impl Door {
    /// A door for the configured hooks.
    ///
    /// # Errors
    /// Where a secret cannot be had.
    pub async fn new(policy: &WatchPolicy, secrets: &Secrets, way: Doorway) -> Result<Self, PortError> {
        let mut hooks = BTreeMap::new();
        for (name, hook) in &policy.hooks {
            hooks.insert(name.clone(), (hook.takes, Proof::of(name, &hook.proof, secrets).await?));
        }
        let since = way.clock.now();
        Ok(Self { hooks, alerts: policy.alerts.clone(), way, counters: Counters::default(), since })
    }

    /// How many requests were taken and refused.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let done = match request.uri().path() {
            "/healthz" => looks(&request).map(|()| (StatusCode::OK, "ok\n".to_owned())),
            "/metrics" => match looks(&request) {
                Ok(()) => self.metrics().await.map(|text| (StatusCode::OK, text)),
                Err(why) => Err(why),
            },
            path => match path.strip_prefix("/hooks/").map(str::to_owned) {
                Some(name) => self.told(&name, request).await.map(|()| (StatusCode::ACCEPTED, String::new())),
                None => Err(Refused::Unknown),
            },
        };
        let (status, text) = done.unwrap_or_else(|why| {
            self.counters.refuse(why);
            let status = StatusCode::from_u16(why.status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, format!("{}\n", why.word()))
        });
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        let plain = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        response
    }

    async fn metrics(&self) -> Result<String, Refused> {
        let more = (self.way.metrics)().await.ok_or(Refused::Busy)?;
        Ok(format!("{}{more}", self.counters.text()))
    }

    async fn told(&self, name: &str, request: Request<Incoming>) -> Result<(), Refused> {
        let (takes, proof) = self.hooks.get(name).ok_or(Refused::Unknown)?;
        if request.method() != Method::POST {
            return Err(Refused::Method);
        }
        let (head, body) = request.into_parts();
        is_json(&head.headers)?;
        is_short(&head.headers)?;
        proof.by_headers(&head.headers)?;
        let body = tokio::select! {
            body = read(body) => body?,
            () = self.way.clock.sleep(COMES_WITHIN) => return Err(Refused::TooSlow),
        };
        let now = self.way.clock.now();
        proof.by_body(&head.headers, &body, (now, self.since))?;
        let news = self.read(name, *takes, &body)?;
        // A request that there is no room for may come again with the same signature.
        let room = self.way.news.try_reserve().map_err(|_| Refused::Busy)?;
        proof.take(&head.headers, now)?;
        room.send(news);
        self.counters.take();
        Ok(())
    }

    fn read(&self, hook: &str, takes: HookTakes, body: &[u8]) -> Result<News, Refused> {
        let of = |told: Vec<Told>| News::Alerts(told.iter().flat_map(|told| heard(hook, told, &self.alerts)).collect());
        match takes {
            HookTakes::Alertmanager => alertmanager(body).map(of),
            HookTakes::Alert => alert_of(body).map(|told| of(vec![told])),
            HookTakes::Deploy => announcement_of(body).map(News::Deploy),
        }
    }
}

fn looks(request: &Request<Incoming>) -> Result<(), Refused> {
    if request.method() == Method::GET { Ok(()) } else { Err(Refused::Method) }
}

fn is_json(headers: &HeaderMap) -> Result<(), Refused> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Refused::Type) }
}

fn is_short(headers: &HeaderMap) -> Result<(), Refused> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > LIMIT) { Err(Refused::TooLarge) } else { Ok(()) }
}

/// The body, as far as it may be read.
async fn read(mut body: Incoming) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| Refused::Unreadable)?.into_data() else { continue };
        if bytes.len() + data.len() > LIMIT {
            return Err(Refused::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}
