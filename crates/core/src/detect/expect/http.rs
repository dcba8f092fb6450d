//! HTTP answers.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Comparison, Patterns, json};
use crate::config::HttpExpect;

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct HttpAnswer<'a> {
    /// Its status code.
    pub status: u16,
    /// The words that go with the status; may be empty.
    pub reason: &'a str,
    /// Its headers, names in lower case, in the order of the answer.
    pub headers: &'a [(String, String)],
    /// Its body, or the beginning of it.
    pub body: &'a [u8],
    /// Whether the body is longer than what is here.
    pub is_cut: bool,
    /// From the first attempt to connect to the last byte of the body.
    pub took: Duration,
    /// For how long from now the server's certificate is valid, zero where it has ended; `None` without one.
    pub certificate: Option<Duration>,
}

impl HttpAnswer<'_> {
    /// Compares the answer with everything that is expected of it, and names every difference.
    ///
    /// | expected       | met where                                                              |
    /// |----------------|------------------------------------------------------------------------|
    /// | status         | the code is in the set                                                 |
    /// | JSON           | the body is JSON and contains the value: objects may have more members |
    /// | body           | the pattern matches somewhere in it                                    |
    /// | header         | one header of the name has exactly the value                           |
    /// | latency below  | the answer took less                                                   |
    /// | TLS expires in | there is a certificate, and it is valid for at least as long           |
    #[must_use]
    pub fn compare(&self, expect: &HttpExpect, patterns: &Patterns) -> Comparison {
        let line = self.status_line();
        let differences: Vec<String> = [
            (!expect.status.contains(self.status)).then(|| format!("expected {}", expect.status)),
            expect.json.as_ref().and_then(|value| self.json_difference(value)),
            expect.body.as_deref().and_then(|pattern| self.body_difference(pattern, patterns)),
            self.header_difference(&expect.header),
            expect.latency_below.and_then(|limit| self.latency_difference(limit)),
            expect.tls.expires_in.and_then(|least| self.certificate_difference(least)),
        ]
        .into_iter()
        .flatten()
        .collect();
        match differences.as_slice() {
            [] => Comparison::Met(line),
            _ => Comparison::Unmet(format!("{line}, {}", differences.join("; "))),
        }
    }

    /// The code with the words that go with it.
    pub(super) fn status_line(&self) -> String {
        format!("{} {}", self.status, self.reason).trim_end().to_owned()
    }

    fn json_difference(&self, expected: &serde_json::Value) -> Option<String> {
        if self.is_cut {
            return Some(format!("the body is longer than {} bytes", self.body.len()));
        }
        match serde_json::from_slice(self.body) {
            Ok(actual) => json::difference(expected, &actual),
            Err(_) => Some("the body is not JSON".to_owned()),
        }
    }

    fn body_difference(&self, pattern: &str, patterns: &Patterns) -> Option<String> {
        let Some(regex) = patterns.compiled(pattern) else {
            return Some(format!("`{pattern}` is not a regular expression"));
        };
        let place =
            if self.is_cut { format!("the first {} bytes of the body", self.body.len()) } else { "the body".into() };
        (!regex.is_match(&String::from_utf8_lossy(self.body))).then(|| format!("{place} does not match `{pattern}`"))
    }

    fn header_difference(&self, expected: &BTreeMap<String, String>) -> Option<String> {
        let differs = |(name, value): (&String, &String)| {
            let mut found = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value);
            let first = found.clone().next();
            match first {
                _ if found.any(|found| found == value) => None,
                Some(other) => Some(format!("header `{name}` is \"{}\", expected \"{value}\"", json::short(other))),
                None => Some(format!("header `{name}` is missing")),
            }
        };
        let differences: Vec<String> = expected.iter().filter_map(differs).collect();
        (!differences.is_empty()).then(|| differences.join("; "))
    }

    fn latency_difference(&self, limit: Duration) -> Option<String> {
        (self.took >= limit)
            .then(|| format!("took {} ms, expected less than {} ms", self.took.as_millis(), limit.as_millis()))
    }

    fn certificate_difference(&self, least: Duration) -> Option<String> {
        match self.certificate {
            None => Some("there is no certificate: the address is not https".to_owned()),
            Some(left) if left < least => {
                Some(format!("its certificate ends in {}, expected at least {}", rough(left), rough(least)))
            }
            Some(_) => None,
        }
    }
}

/// How long from `now` a certificate that ends at `end` is valid; zero where it has ended.
#[must_use]
pub fn time_left(end: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(now)).unwrap_or_default()
}

/// A length of time in its largest whole unit.
fn rough(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{StatusRange, StatusSet, TlsExpect};

    fn answer(status: u16, body: &[u8]) -> HttpAnswer<'_> {
        let (took, certificate) = (Duration::from_millis(40), None);
        HttpAnswer { status, reason: "Text", headers: &[], body, is_cut: false, took, certificate }
    }

    fn unmet(comparison: Comparison) -> String {
        match comparison {
            Comparison::Unmet(what) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_expectations_any_2xx_is_met_and_nothing_else() {
        let met = |status| {
            answer(status, b"").compare(&HttpExpect::default(), &Patterns::default())
                == Comparison::Met(format!("{status} Text"))
        };
        assert!(met(200) && met(204) && met(299));
        assert!(!met(199) && !met(300) && !met(500));
        assert_eq!(
            unmet(answer(503, b"").compare(&HttpExpect::default(), &Patterns::default())),
            "503 Text, expected 2xx"
        );
    }

    #[test]
    fn a_status_outside_2xx_is_met_where_it_is_expected() {
        let status = StatusSet::new(vec![StatusRange { first: 401, last: 401 }]);
        let expect = HttpExpect { status, ..HttpExpect::default() };
        assert_eq!(answer(401, b"").compare(&expect, &Patterns::default()), Comparison::Met("401 Text".to_owned()));
        assert_eq!(unmet(answer(200, b"").compare(&expect, &Patterns::default())), "200 Text, expected 401");
    }

    #[test]
    fn json_may_have_more_members_and_no_other_values() {
        let expect = HttpExpect { json: Some(json!({"status": "healthy"})), ..HttpExpect::default() };
        let met = Comparison::Met("200 Text".to_owned());
        assert_eq!(answer(200, br#"{"status":"healthy","db":1}"#).compare(&expect, &Patterns::default()), met);
        let other = unmet(answer(200, br#"{"status":"failing"}"#).compare(&expect, &Patterns::default()));
        assert_eq!(other, r#"200 Text, `status` is "failing", expected "healthy""#);
        assert_eq!(
            unmet(answer(200, b"healthy").compare(&expect, &Patterns::default())),
            "200 Text, the body is not JSON"
        );
    }

    #[test]
    fn json_that_was_cut_is_not_called_malformed() {
        let expect = HttpExpect { json: Some(json!({})), ..HttpExpect::default() };
        let cut = HttpAnswer { is_cut: true, ..answer(200, b"{}") };
        assert_eq!(unmet(cut.compare(&expect, &Patterns::default())), "200 Text, the body is longer than 2 bytes");
    }

    #[test]
    fn a_body_pattern_matches_anywhere() {
        let expect = HttpExpect { body: Some("rea.y$".to_owned()), ..HttpExpect::default() };
        assert!(matches!(answer(200, b"all ready").compare(&expect, &Patterns::default()), Comparison::Met(_)));
        assert_eq!(
            unmet(answer(200, b"not yet").compare(&expect, &Patterns::default())),
            "200 Text, the body does not match `rea.y$`"
        );
    }

    #[test]
    fn a_header_is_met_by_any_of_its_values_exactly() {
        let header = BTreeMap::from([("x-version".to_owned(), "2".to_owned())]);
        let expect = HttpExpect { header, ..HttpExpect::default() };
        let with = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|v| ("x-version".to_owned(), (*v).to_owned())).collect();
            HttpAnswer { headers: &headers, ..answer(200, b"") }.compare(&expect, &Patterns::default())
        };
        assert!(matches!(with(&["1", "2"]), Comparison::Met(_)));
        assert_eq!(unmet(with(&["22"])), "200 Text, header `x-version` is \"22\", expected \"2\"");
        assert_eq!(unmet(with(&[])), "200 Text, header `x-version` is missing");
    }

    #[test]
    fn an_answer_that_takes_as_long_as_the_limit_is_too_slow() {
        let limit = |ms| HttpExpect { latency_below: Some(Duration::from_millis(ms)), ..HttpExpect::default() };
        assert!(matches!(answer(200, b"").compare(&limit(41), &Patterns::default()), Comparison::Met(_)));
        assert_eq!(
            unmet(answer(200, b"").compare(&limit(40), &Patterns::default())),
            "200 Text, took 40 ms, expected less than 40 ms"
        );
    }

    #[test]
    fn a_certificate_must_be_valid_for_long_enough() {
        let day = Duration::from_secs(86_400);
        let expect = HttpExpect {
            tls: TlsExpect { expires_in: Some(14 * day), ..TlsExpect::default() },
            ..HttpExpect::default()
        };
        let with = |certificate| HttpAnswer { certificate, ..answer(200, b"") }.compare(&expect, &Patterns::default());
        assert!(matches!(with(Some(14 * day)), Comparison::Met(_)));
        assert!(unmet(with(Some(3 * day))).ends_with("its certificate ends in 3 days, expected at least 14 days"));
        assert!(unmet(with(None)).ends_with("the address is not https"));
    }

    #[test]
    fn every_difference_is_named() {
        let expect = HttpExpect { json: Some(json!(1)), body: Some("x".to_owned()), ..HttpExpect::default() };
        let what = unmet(answer(500, b"2").compare(&expect, &Patterns::default()));
        assert_eq!(what, "500 Text, expected 2xx; it is 2, expected 1; the body does not match `x`");
    }

    #[test]
    fn a_certificate_that_has_ended_has_no_time_left() {
        let now = Timestamp::from_second(1_000).unwrap();
        assert_eq!(time_left(Timestamp::from_second(1_060).unwrap(), now), Duration::from_secs(60));
        assert_eq!(time_left(Timestamp::from_second(900).unwrap(), now), Duration::ZERO);
    }
}
