//! Asks servers that speak Prometheus's HTTP API: instant queries, sent as forms.
//!
//! Contract: every way in which no number comes back is an answer with a reason, and takes no longer than the signal's time
//! limit for each of its queries. An answer is read up to a limit, redirects are not followed, and secrets are masked in
//! whatever the server says. All signals of one call go over one connection, as long as the server keeps it open; once the
//! server was not reached or was silent, the rest of the call is not asked.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::{PromServer, PromSignal};
use backout_core::detect::{QueryAnswer, WrittenAnswer, number, with_samples};
use backout_core::port::{Clock, Pending, ProbeOutcome, Querier};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use url::Url;

use super::connect::Endpoint;
use super::http::{AGENT, Received, add, authority, of_hyper, receive, target};
use super::outcome::{Performed, not_performed};
use super::redact::Lookup;
use super::tls::install_crypto;
use super::trust::Trust;
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

    /// Connects, and shakes hands.
    async fn connect(&self, server: &PromServer) -> Performed<Line> {
        let url = address(server)?;
        let is_tls = url.scheme() == "https";
        let endpoint = Endpoint::of_url(&url, if is_tls { 443 } else { 80 })?;
        let stream = endpoint.connect(&endpoint.resolve().await?).await?;
        let stream: Box<dyn Stream> = if is_tls {
            let tls = self.trust.of(server.authority.as_ref()).await?;
            Box::new(tls.handshake(server.verify, &endpoint, stream).await?)
        } else {
            Box::new(stream)
        };
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| of_hyper(&error, &endpoint))?;
        Ok(Line { endpoint, sender, connection: Box::pin(connection) })
    }
}

impl Querier for PromClient {
    fn ask<'a>(&'a self, signals: &'a [PromSignal]) -> Pending<'a, Vec<QueryAnswer>> {
        Box::pin(self.ask_all(signals))
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Connection = http1::Connection<TokioIo<Box<dyn Stream>>, String>;

/// A connection. It is driven by whoever asks over it.
struct Line {
    endpoint: Endpoint,
    sender: http1::SendRequest<String>,
    connection: Pin<Box<Connection>>,
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
        if let Some(why) = &self.is_away {
            return QueryAnswer::Failed { why: why.clone() };
        }
        let late = Err(ProbeOutcome::TimedOut { after: signal.timeout });
        match timeout(signal.timeout, self.exchange(signal, promql, lookup)).await.unwrap_or(late) {
            Ok(received) => number(&received.written(), self.client.clock.now()),
            Err(outcome) => {
                self.line = None;
                let why = reason(&outcome);
                self.is_away = Some(why.clone());
                QueryAnswer::Failed { why }
            }
        }
    }

    /// Asks over the connection that is open, or a new one. One that the server has closed in the meantime says nothing:
    /// asking changes nothing, so it is asked again.
    async fn exchange(&mut self, signal: &PromSignal, promql: &str, lookup: &mut Lookup<'_>) -> Performed<Received> {
        let ask = request(&signal.server, promql, signal.timeout, lookup).await?;
        if let Some(line) = self.line.take()
            && let Ok(received) = self.over(line, ask.clone()).await
        {
            return Ok(received);
        }
        let line = self.client.connect(&signal.server).await?;
        self.over(line, ask).await
    }

    async fn over(&mut self, mut line: Line, ask: Request<String>) -> Performed<Received> {
        let received = receive((&mut line.sender, line.connection.as_mut()), ask).await;
        let received = received.map_err(|error| of_hyper(&error, &line.endpoint))?;
        if received.keeps_open() {
            self.line = Some(line);
        }
        Ok(received)
    }
}

/// Where queries are answered.
fn address(server: &PromServer) -> Performed<Url> {
    let url = Url::parse(&server.url);
    let mut url = url.map_err(|error| not_performed(format!("the address of its server is not valid: {error}")))?;
    let path = format!("{}/api/v1/query", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

async fn request(
    server: &PromServer,
    promql: &str,
    limit: Duration,
    lookup: &mut Lookup<'_>,
) -> Performed<Request<String>> {
    let url = address(server)?;
    let limit = format!("{}ms", limit.as_millis().max(1));
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("query", promql)
        .append_pair("timeout", &limit)
        .finish();
    let fixed = [
        ("host", authority(&url)),
        ("user-agent", AGENT.to_owned()),
        ("accept", "application/json".to_owned()),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ("content-length", form.len().to_string()),
    ];
    let mut request = Request::new(form);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target(&url).parse().map_err(|_| not_performed("the path of its server cannot be sent"))?;
    for (name, value) in fixed {
        add(request.headers_mut(), name, &value)?;
    }
    for (name, value) in &server.headers {
        add(request.headers_mut(), name, lookup.text(value).await?.reveal())?;
    }
    if let Some(login) = &server.login {
        let (user, password) = (lookup.text(&login.user).await?, lookup.text(&login.password).await?);
        let coded = STANDARD.encode(format!("{}:{}", user.reveal(), password.reveal()));
        lookup.hide(&coded);
        add(request.headers_mut(), "authorization", &format!("Basic {coded}"))?;
    }
    Ok(request)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use backout_core::config::{PromLogin, SecretOrText, Sensitive};

    use super::*;

    fn server(url: &str) -> PromServer {
        PromServer { url: url.to_owned(), headers: BTreeMap::new(), login: None, verify: true, authority: None }
    }

    #[tokio::test]
    async fn a_query_is_a_form_below_the_path_of_the_server() {
        let secrets = Secrets::new(BTreeMap::new(), "/");
        let text = |text: &str| SecretOrText::Text(Sensitive::new(text.to_owned()));
        let login = Some(PromLogin { user: text("Aladdin"), password: text("open sesame") });
        let server = PromServer { login, ..server("https://metrics.example/tenant/?dedup=true") };
        let mut lookup = Lookup::new(&secrets);
        let request = request(&server, "a{b=\"c&d\"} + 1", Duration::from_secs(5), &mut lookup).await.unwrap();
        assert_eq!(
            (request.method(), request.uri().to_string()),
            (&Method::POST, "/tenant/api/v1/query?dedup=true".to_owned())
        );
        assert_eq!(request.body(), "query=a%7Bb%3D%22c%26d%22%7D+%2B+1&timeout=5000ms");
        assert_eq!(request.headers()["host"], "metrics.example");
        // The example of RFC 7617, section 2.
        assert_eq!(request.headers()["authorization"], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(lookup.mask("`QWxhZGRpbjpvcGVuIHNlc2FtZQ==` is wrong"), "`[redacted]` is wrong");
    }

    #[test]
    fn a_server_without_a_path_answers_below_its_root() {
        assert_eq!(address(&server("http://127.0.0.1:9090")).unwrap().path(), "/api/v1/query");
    }
}
