//! Asks servers that speak Prometheus's HTTP API: instant queries and ranges, sent as forms.
//!
//! Contract: every way in which no number comes back is an answer with a reason, and takes no longer than the signal's time
//! limit for each of its queries. An answer is read up to a limit, redirects are not followed, and secrets are masked in
//! whatever the server says. All signals of one call go over one connection, as long as the server keeps it open; once the
//! server was not reached or was silent, the rest of the call is not asked.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::{CountedSignal, PromServer, PromSignal};
use backout_core::detect::{QueryAnswer, Snapshot, WrittenAnswer, number, question, snapshots, with_samples};
use backout_core::port::{Clock, Over, Pending, ProbeOutcome, Querier};
use http::Request;
use tokio::time::timeout;

use super::super::connect::Endpoint;
use super::super::http::{Received, Stream, exchange};
use super::super::outcome::Performed;
use super::super::redact::Lookup;
use super::super::tls::install_crypto;
use super::super::trust::Trust;
use super::request::{Question, address};
use crate::secret::Secrets;

/// Asks for signals. Keeps no connection, task or thread between two calls.
pub struct PromClient {
    secrets: Arc<Secrets>,
    clock: Arc<dyn Clock>,
    trust: Trust,
}

impl PromClient {
    /// A client that looks secrets up in `secrets`; relative paths start at `folder`. Installs the process's provider of
    /// cryptography, if there is none.
    #[must_use]
    pub fn new(secrets: Arc<Secrets>, folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        install_crypto();
        Self { secrets, clock, trust: Trust::new(folder) }
    }

    async fn ask_all(&self, signals: &[PromSignal]) -> Vec<QueryAnswer> {
        let mut answers = Vec::new();
        let mut call = Call { client: self, line: None, is_away: None };
        for signal in signals {
            let mut lookup = Lookup::new(&self.secrets);
            let answer = call.signal(signal, &mut lookup).await;
            answers.push(masked(answer, &lookup));
        }
        answers
    }

    async fn count(&self, signal: &CountedSignal, over: Option<Over>) -> Result<Vec<Snapshot>, String> {
        let mut lookup = Lookup::new(&self.secrets);
        let (mut call, query) = (Call { client: self, line: None, is_away: None }, question(&signal.counters));
        let asked = match over {
            Some(over) => Question::range(&query, over, signal.timeout),
            None => Question::instant(&query, signal.timeout),
        };
        let received = call.asked(&signal.server, (&asked, signal.timeout), &mut lookup).await;
        let answer = received.and_then(|received| snapshots(&received.written()));
        let mut found = answer.map_err(|why| lookup.mask(&why))?;
        if let (None, [now]) = (over, found.as_mut_slice()) {
            // What is seen now is measured by the clock of whoever watches, and not by the server's.
            now.at = self.clock.now().as_duration().as_secs_f64();
        }
        Ok(found)
    }

    /// Connects, and shakes hands.
    async fn connect(&self, server: &PromServer) -> Performed<Line> {
        let url = address(server, "query")?;
        let is_tls = url.scheme() == "https";
        let endpoint = Endpoint::of_url(&url, if is_tls { 443 } else { 80 })?;
        let stream = endpoint.connect(&endpoint.resolve().await?).await?;
        let stream: Box<dyn Stream> = if is_tls {
            let tls = self.trust.of(server.authority.as_ref()).await?;
            Box::new(tls.handshake(server.verify, &endpoint, stream).await?)
        } else {
            Box::new(stream)
        };
        Ok(Line { endpoint, stream })
    }
}

impl Querier for PromClient {
    fn ask<'a>(&'a self, signals: &'a [PromSignal]) -> Pending<'a, Vec<QueryAnswer>> {
        Box::pin(self.ask_all(signals))
    }

    fn count<'a>(
        &'a self,
        signal: &'a CountedSignal,
        over: Option<Over>,
    ) -> Pending<'a, Result<Vec<Snapshot>, String>> {
        Box::pin(self.count(signal, over))
    }
}

/// A connection. It is driven by whoever asks over it.
struct Line {
    endpoint: Endpoint,
    stream: Box<dyn Stream>,
}

/// One call: the connection that is open, and why the server is asked no more.
struct Call<'a> {
    client: &'a PromClient,
    line: Option<Line>,
    is_away: Option<String>,
}

impl Call<'_> {
    async fn signal(&mut self, signal: &PromSignal, lookup: &mut Lookup<'_>) -> QueryAnswer {
        let answer = self.query(signal, &signal.promql, lookup).await;
        match &signal.samples {
            Some(samples) if matches!(answer, QueryAnswer::Number { .. }) => {
                let many = self.query(signal, samples, lookup).await;
                with_samples(answer, many, signal.min_samples)
            }
            _ => answer,
        }
    }

    async fn query(&mut self, signal: &PromSignal, promql: &str, lookup: &mut Lookup<'_>) -> QueryAnswer {
        let question = Question::instant(promql, signal.timeout);
        match self.asked(&signal.server, (&question, signal.timeout), lookup).await {
            Ok(received) => number(&received.written(), self.client.clock.now()),
            Err(why) => QueryAnswer::Failed { why },
        }
    }

    /// What a server answers, within the time limit. Once it did not, it is asked no more.
    async fn asked(
        &mut self,
        server: &PromServer,
        (question, limit): (&Question, Duration),
        lookup: &mut Lookup<'_>,
    ) -> Result<Received, String> {
        if let Some(why) = &self.is_away {
            return Err(why.clone());
        }
        let late = Err(ProbeOutcome::TimedOut { after: limit });
        let received = timeout(limit, self.exchange(server, question, lookup)).await.unwrap_or(late);
        received.map_err(|outcome| {
            self.line = None;
            let why = reason(&outcome);
            self.is_away = Some(why.clone());
            why
        })
    }

    /// Asks over the connection that is open, or a new one. One that the server has closed in the meantime says nothing:
    /// asking changes nothing, so it is asked again.
    async fn exchange(
        &mut self,
        server: &PromServer,
        question: &Question,
        lookup: &mut Lookup<'_>,
    ) -> Performed<Received> {
        let ask = question.request(server, lookup).await?;
        if let Some(line) = self.line.take()
            && let Ok(received) = self.over(line, &ask, question.most).await
        {
            return Ok(received);
        }
        let line = self.client.connect(server).await?;
        self.over(line, &ask, question.most).await
    }

    async fn over(&mut self, mut line: Line, ask: &Request<String>, most: usize) -> Performed<Received> {
        let received = exchange(&mut line.stream, ask, most).await;
        let received = received.map_err(|broken| broken.outcome(&line.endpoint))?;
        if received.keeps_open {
            self.line = Some(line);
        }
        Ok(received)
    }
}

fn reason(outcome: &ProbeOutcome) -> String {
    match outcome {
        ProbeOutcome::NotPerformed { why } => why.clone(),
        other => other.what(),
    }
}

fn masked(answer: QueryAnswer, lookup: &Lookup<'_>) -> QueryAnswer {
    match answer {
        QueryAnswer::Failed { why } => QueryAnswer::Failed { why: lookup.mask(&why) },
        QueryAnswer::Nothing { why } => QueryAnswer::Nothing { why: lookup.mask(&why) },
        number @ QueryAnswer::Number { .. } => number,
    }
}

impl Received {
    fn written(&self) -> WrittenAnswer<'_> {
        WrittenAnswer {
            status: self.status.as_u16(),
            location: self.header("location"),
            body: &self.body,
            is_cut: self.is_cut,
        }
    }
}
