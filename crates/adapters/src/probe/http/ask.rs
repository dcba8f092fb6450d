//! One HTTP probe, from its address to what its answer comes to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::{Connection, HttpProbe, Probe, VersionQuestion};
use backout_core::detect::{Patterns, Said, time_left};
use backout_core::id::{ProbeName, ServiceName};
use backout_core::port::{Clock, ProbeOutcome};
use http::Request;
use tokio::time::Instant;
use url::Url;

use super::line::{Line, Place};
use super::lines::Lines;
use super::received::Received;
use super::request::request;
use crate::probe::connect::Endpoint;
use crate::probe::outcome::{Performed, answered, compared, not_performed, prepared};
use crate::probe::redact::Lookup;
use crate::probe::tls::Tls;
use crate::probe::trust::Trust;

/// What every HTTP probe of a client shares.
pub(in crate::probe) struct Asker<'a> {
    pub(in crate::probe) trust: &'a Trust,
    pub(in crate::probe) lines: &'a Lines,
    pub(in crate::probe) clock: &'a dyn Clock,
    pub(in crate::probe) patterns: &'a Patterns,
}

/// Whose probe it is.
pub(in crate::probe) type Whose = (ServiceName, ProbeName);

/// What is sent, and to where.
struct Prepared {
    endpoint: Endpoint,
    request: Request<String>,
    tls: Option<Arc<Tls>>,
}

/// Sends the request and compares the answer.
pub(in crate::probe) async fn probe(
    asker: &Asker<'_>,
    lookup: &mut Lookup<'_>,
    (service, probe): (&ServiceName, &Probe),
    http: &HttpProbe,
) -> Performed {
    let ready = prepared(probe.timeout, prepare(asker, http, lookup)).await?;
    let whose = (http.connection == Connection::Reuse).then(|| (service.clone(), probe.name.clone()));
    let (received, took) = match &whose {
        None => anew(probe.timeout, http, &ready).await.map(|(_, received, took)| (received, took))?,
        Some(whose) => {
            let (line, received, took) = again(asker.lines.take(whose), probe.timeout, http, &ready).await?;
            if received.keeps_open {
                asker.lines.keep(whose, line);
            }
            (received, took)
        }
    };
    let certificate = received.certificate_ends.map(|end| time_left(end, asker.clock.now()));
    Ok(compared(received.answer(took, certificate).compare(&http.expect, asker.patterns), Some(took)))
}

/// Asks which version answers.
pub(in crate::probe) async fn version(
    asker: &Asker<'_>,
    lookup: &mut Lookup<'_>,
    question: &VersionQuestion,
) -> Performed<Said> {
    let VersionQuestion { http, field, timeout } = question;
    let ready = prepared(*timeout, prepare(asker, http, lookup)).await?;
    let (_, received, took) = anew(*timeout, http, &ready).await?;
    Ok(received.answer(took, None).version(field))
}

async fn prepare(asker: &Asker<'_>, http: &HttpProbe, lookup: &mut Lookup<'_>) -> Performed<Prepared> {
    let url = Url::parse(&http.url).map_err(|error| not_performed(format!("its address is not valid: {error}")))?;
    let is_tls = url.scheme() == "https";
    let endpoint = Endpoint::of_url(&url, if is_tls { 443 } else { 80 })?;
    let request = request(http, &url, lookup).await?;
    let tls = if is_tls { Some(asker.trust.of(http.expect.tls.authority.as_ref()).await?) } else { None };
    Ok(Prepared { endpoint, request, tls })
}

type Answered = (Line, Received, Duration);

/// Asks over the connection of the time before. One that the server has closed in the meantime says nothing of the
/// application, nor does one whose other end is no longer there: what does not answer within half of the time limit is asked
/// over a new one in the other half.
async fn again(line: Option<Line>, limit: Duration, http: &HttpProbe, ready: &Prepared) -> Performed<Answered> {
    let begun = Instant::now();
    if let Some(mut line) = line {
        let asked = answered(limit / 2, line.ask(&ready.request, &ready.endpoint)).await;
        if let Ok((received, took)) = asked {
            return Ok((line, received, took));
        }
    }
    anew(limit.saturating_sub(begun.elapsed()), http, ready).await.map_err(|outcome| match outcome {
        ProbeOutcome::TimedOut { .. } => ProbeOutcome::TimedOut { after: limit },
        other => other,
    })
}

/// Asks over a new connection.
async fn anew(limit: Duration, http: &HttpProbe, ready: &Prepared) -> Performed<Answered> {
    let Prepared { endpoint, request, tls } = ready;
    let addresses: Vec<SocketAddr> = prepared(limit, endpoint.resolve()).await?;
    let asked = answered(limit, async {
        let place = Place {
            endpoint,
            addresses: &addresses,
            tls: tls.as_deref().map(|tls| (tls, http.expect.tls.verify)),
            protocol: http.protocol,
        };
        let mut line = Line::open(&place).await?;
        let received = line.ask(request, endpoint).await?;
        Ok((line, received))
    });
    asked.await.map(|((line, received), took)| (line, received, took))
}
