//! Questions to Prometheus's HTTP API, as they are sent.

use std::time::Duration;

use backout_core::config::PromServer;
use backout_core::port::Over;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use jiff::Timestamp;
use url::Url;

use super::super::http::{AGENT, BODY_LIMIT, add, authority, target};
use super::super::outcome::{Performed, not_performed};
use super::super::redact::Lookup;

/// How much of an answer about a range of time is read.
const RANGE_LIMIT: usize = 16 * BODY_LIMIT;

/// One question.
pub(super) struct Question {
    call: &'static str,
    form: String,
    /// How much of the answer is read, in bytes.
    pub(super) most: usize,
}

impl Question {
    /// What a query gives now.
    pub(super) fn instant(promql: &str, limit: Duration) -> Self {
        let form = form(&[("query", promql), ("timeout", &milliseconds(limit))]);
        Self { call: "query", form, most: BODY_LIMIT }
    }

    /// What it gave over a range of time.
    pub(super) fn range(promql: &str, over: Over, limit: Duration) -> Self {
        let fields = [
            ("query", promql),
            ("start", &seconds(over.from)),
            ("end", &seconds(over.to)),
            ("step", &milliseconds(over.step)),
            ("timeout", &milliseconds(limit)),
        ];
        Self { call: "query_range", form: form(&fields), most: RANGE_LIMIT }
    }

    pub(super) async fn request(&self, server: &PromServer, lookup: &mut Lookup<'_>) -> Performed<Request<String>> {
        let (url, form) = (address(server, self.call)?, self.form.clone());
        let fixed = [
            ("host", authority(&url)),
            ("user-agent", AGENT.to_owned()),
            ("accept", "application/json".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("content-length", form.len().to_string()),
        ];
        let mut request = Request::new(form);
        *request.method_mut() = Method::POST;
        *request.uri_mut() =
            target(&url).parse().map_err(|_| not_performed("the path of its server cannot be sent"))?;
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
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis().max(1))
}

fn seconds(at: Timestamp) -> String {
    let ms = at.as_millisecond();
    format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000))
}

/// Where queries are answered.
pub(super) fn address(server: &PromServer, call: &str) -> Performed<Url> {
    let url = Url::parse(&server.url);
    let mut url = url.map_err(|error| not_performed(format!("the address of its server is not valid: {error}")))?;
    let path = format!("{}/api/v1/{call}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use backout_core::config::{PromLogin, SecretOrText, Sensitive};

    use super::*;
    use crate::secret::Secrets;

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
        let request = Question::instant("a{b=\"c&d\"} + 1", Duration::from_secs(5)).request(&server, &mut lookup).await;
        let request = request.unwrap();
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

    #[tokio::test]
    async fn a_range_says_from_when_to_when_and_in_which_steps() {
        let secrets = Secrets::new(BTreeMap::new(), "/");
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let over = Over { from: at(1_000), to: at(61_500), step: Duration::from_secs(10) };
        let asked = Question::range("up", over, Duration::from_secs(5));
        let request = asked.request(&server("http://127.0.0.1:9090"), &mut Lookup::new(&secrets)).await.unwrap();
        assert_eq!(request.uri().to_string(), "/api/v1/query_range");
        assert_eq!(request.body(), "query=up&start=1.000&end=61.500&step=10000ms&timeout=5000ms");
    }

    #[test]
    fn a_server_without_a_path_answers_below_its_root() {
        assert_eq!(address(&server("http://127.0.0.1:9090"), "query").unwrap().path(), "/api/v1/query");
    }
}
