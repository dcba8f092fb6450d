//! What a server answered to a query.
//!
//! Contract: only one finite number that nothing was said against is a value. Everything else is a reason in words, and
//! condemns nobody.
//!
//! | the answer                                             | is      |
//! |--------------------------------------------------------|---------|
//! | one finite number, enough samples                      | a value |
//! | no series; `NaN`, an infinity; fewer samples than wanted; a last point that is stale | nothing |
//! | several series, text, a native histogram, an error, a warning, no JSON of this form | failed  |
//! | no answer at all (see the adapter)                     | failed  |
//!
//! Source of the format: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::config::{PromSignal, Trigger};
use crate::detect::{Measured, Sample, SignalPath, Unit};

/// How old the last point of a range may be, in seconds: as long as Prometheus itself looks back.
const STALE_AFTER: f64 = 300.0;

/// What came of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryAnswer {
    /// One number, by so many samples where they were counted.
    Number {
        /// The number. Finite.
        value: f64,
        /// How many samples it goes by.
        samples: Option<f64>,
    },
    /// The server answered, and there is nothing to go by.
    Nothing {
        /// Why.
        why: String,
    },
    /// The server did not answer, or not with what a signal can be.
    Failed {
        /// Why, and what to do.
        why: String,
    },
}

impl QueryAnswer {
    /// The sample that it stands for.
    #[must_use]
    pub fn sample(&self, signal: &PromSignal, triggers: &[Trigger], at: Timestamp) -> Sample {
        let path = SignalPath::Named(signal.name.clone());
        let (measured, what) = match self {
            QueryAnswer::Number { value, samples } => {
                let by = samples.map(|many| format!(", by {many:.0} samples")).unwrap_or_default();
                let what = format!("{}{by}", in_words(*value, unit(&path, triggers)));
                (Measured::Value { value: *value }, what)
            }
            QueryAnswer::Nothing { why } | QueryAnswer::Failed { why } => {
                (Measured::Unmeasurable { why: why.clone() }, format!("could not be measured: {why}"))
            }
        };
        Sample { signal: path, at, measured, what, of: None }
    }
}

/// What a signal is counted in, as far as its triggers tell.
fn unit(path: &SignalPath, triggers: &[Trigger]) -> Unit {
    let trigger = triggers.iter().find(|trigger| trigger.signal == *path);
    trigger.map_or(Unit::Number, |trigger| trigger.condition.unit())
}

/// A value as people write it.
pub(in crate::detect) fn in_words(value: f64, unit: Unit) -> String {
    let rounded = |value: f64| {
        let text = format!("{value:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match unit {
        Unit::Ratio => format!("{} %", rounded(value * 100.0)),
        Unit::Bytes => format!("{} MB", rounded(value / 1e6)),
        Unit::Seconds => format!("{} ms", rounded(value * 1000.0)),
        Unit::Number if value != 0.0 && value.abs() < 0.001 => format!("{value:e}"),
        Unit::Number => rounded(value),
    }
}

/// An HTTP answer.
#[derive(Debug, Clone, Copy)]
pub struct WrittenAnswer<'a> {
    /// Its status.
    pub status: u16,
    /// Where it redirects to.
    pub location: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
    /// Whether the body was longer than what was read.
    pub is_cut: bool,
}

#[derive(Deserialize)]
struct Document {
    status: String,
    data: Option<Data>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

/// What a server has to say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::detect) struct Data {
    pub(in crate::detect) result_type: String,
    #[serde(default)]
    pub(in crate::detect) result: Value,
}

/// The number in an answer that came at `now`.
#[must_use]
pub fn number(answer: &WrittenAnswer<'_>, now: Timestamp) -> QueryAnswer {
    match read(answer, now) {
        Ok(value) if value.is_finite() => QueryAnswer::Number { value, samples: None },
        Ok(value) => nothing(format!("the query gives `{value}`, as a share of nothing does")),
        Err(answer) => answer,
    }
}

/// A number with how many samples it goes by. Without the count, or with too few, there is nothing to go by.
#[must_use]
pub fn with_samples(answer: QueryAnswer, samples: QueryAnswer, at_least: u32) -> QueryAnswer {
    match (answer, samples) {
        (QueryAnswer::Number { value, .. }, QueryAnswer::Number { value: many, .. }) if many >= f64::from(at_least) => {
            QueryAnswer::Number { value, samples: Some(many) }
        }
        (QueryAnswer::Number { .. }, QueryAnswer::Number { value: many, .. }) => {
            nothing(format!("too little to go by: {many:.0} samples, and at least {at_least} are wanted"))
        }
        (QueryAnswer::Number { .. }, QueryAnswer::Nothing { why }) => {
            nothing(format!("too little to go by: its samples could not be counted: {why}"))
        }
        (QueryAnswer::Number { .. }, QueryAnswer::Failed { why }) => failed(format!("`samples`: {why}")),
        (other, _) => other,
    }
}

fn nothing(why: impl Into<String>) -> QueryAnswer {
    QueryAnswer::Nothing { why: why.into() }
}

fn failed(why: impl Into<String>) -> QueryAnswer {
    QueryAnswer::Failed { why: why.into() }
}

fn read(answer: &WrittenAnswer<'_>, now: Timestamp) -> Result<f64, QueryAnswer> {
    if answer.is_cut {
        return Err(failed("the answer is longer than any number: put `sum(..)` or `max(..)` around the query"));
    }
    value(&whole(answer)?, now)
}

/// The data of an answer that was read to its end.
pub(in crate::detect) fn whole(answer: &WrittenAnswer<'_>) -> Result<Data, QueryAnswer> {
    let Ok(document) = serde_json::from_slice::<Document>(answer.body) else {
        return Err(failed(no_document(answer)));
    };
    if document.status != "success" {
        let error = document.error.unwrap_or_else(|| format!("status {}", answer.status));
        return Err(failed(format!("the server refuses the query: {}", short(&error))));
    }
    // A server that asks others warns where one of them did not answer: the number is then about a part. What newer ones
    // call an `info` some call a warning, and is about style.
    if let Some(warning) = document.warnings.iter().find(|warning| !warning.starts_with("PromQL info")) {
        return Err(failed(format!("the server warns that its answer may not be whole: {}", short(warning))));
    }
    document.data.ok_or_else(|| failed("the answer has no `data`"))
}

fn no_document(answer: &WrittenAnswer<'_>) -> String {
    match (answer.status, answer.location) {
        (300..=399, Some(location)) => {
            format!("the server redirects to `{}`, and redirects are not followed: write that", short(location))
        }
        (401 | 403, _) => format!("the server refuses who asks ({}): see `headers` and `basic_auth`", answer.status),
        (404, _) => "nothing answers queries there (404): see the path of `server`".to_owned(),
        (200, _) => "the answer is not what Prometheus answers: see `server`".to_owned(),
        (status, _) => format!("the server answers with status {status}"),
    }
}

/// What a server says, as long as a line may be.
fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    line.trim().to_owned()
}

fn value(data: &Data, now: Timestamp) -> Result<f64, QueryAnswer> {
    match data.result_type.as_str() {
        "scalar" => point(&data.result).map(|(_, value)| value),
        "vector" => point(&the_one(&data.result)?["value"]).map(|(_, value)| value),
        "matrix" => {
            let last = the_one(&data.result)?["values"].as_array().and_then(|points| points.last());
            let (at, value) = point(last.ok_or_else(|| failed("the series holds no plain numbers"))?)?;
            #[expect(clippy::cast_precision_loss, reason = "seconds of an age, of which whole ones matter")]
            let age = now.as_millisecond() as f64 / 1000.0 - at;
            if age > STALE_AFTER {
                return Err(nothing(format!("the newest point is {age:.0} s old: nothing is scraped any more")));
            }
            Ok(value)
        }
        other => Err(failed(format!("the query gives a {}, where a number is wanted", short(other)))),
    }
}

fn the_one(result: &Value) -> Result<&Value, QueryAnswer> {
    match result.as_array().map(Vec::as_slice) {
        Some([one]) => Ok(one),
        Some([]) => Err(nothing("the query has no data: no series matches it, or nothing was scraped lately")),
        Some(many) => Err(failed(format!(
            "the query gives {} series, where one number is wanted: put `sum(..)` or `max(..)` around it",
            many.len()
        ))),
        None => Err(failed("the answer is not what Prometheus answers: see `server`")),
    }
}

/// A point: `[seconds, "number"]`.
pub(in crate::detect) fn point(value: &Value) -> Result<(f64, f64), QueryAnswer> {
    let parts = value.as_array().map(Vec::as_slice);
    let read = match parts {
        Some([at, number]) => at.as_f64().zip(number.as_str().and_then(|text| text.parse().ok())),
        _ => None,
    };
    read.ok_or_else(|| failed("the answer holds no plain number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_000).unwrap()
    }

    fn read(body: &str) -> QueryAnswer {
        number(&WrittenAnswer { status: 200, location: None, body: body.as_bytes(), is_cut: false }, now())
    }

    fn success(kind: &str, result: &str) -> QueryAnswer {
        read(&format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#))
    }

    fn is(value: f64) -> QueryAnswer {
        QueryAnswer::Number { value, samples: None }
    }

    fn nothing_but(answer: QueryAnswer) -> String {
        match answer {
            QueryAnswer::Nothing { why } => why,
            other => panic!("{other:?}"),
        }
    }

    fn why_failed(answer: QueryAnswer) -> String {
        match answer {
            QueryAnswer::Failed { why } => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_number_is_read_from_every_kind_of_answer() {
        assert_eq!(success("vector", r#"[{"metric":{"job":"a"},"value":[1000.1,"0.25"]}]"#), is(0.25));
        assert_eq!(success("scalar", r#"[1000,"1e-3"]"#), is(0.001));
        assert_eq!(success("matrix", r#"[{"metric":{},"values":[[985,"1"],[1000,"2"]]}]"#), is(2.0));
        assert_eq!(
            read(
                r#"{"status":"success","data":{"resultType":"scalar","result":[1,"7"]},
                    "warnings":["PromQL info: metric might not be a counter"],"infos":["x"]}"#
            ),
            is(7.0)
        );
    }

    #[test]
    fn what_is_no_number_is_nothing_to_go_by() {
        for number in ["NaN", "+Inf", "-Inf"] {
            let why = nothing_but(success("scalar", &format!(r#"[1000,"{number}"]"#)));
            assert!(why.starts_with("the query gives `"), "{why}");
        }
        assert!(nothing_but(success("vector", "[]")).starts_with("the query has no data"));
        let stale = success("matrix", r#"[{"metric":{},"values":[[600,"1"]]}]"#);
        assert_eq!(nothing_but(stale), "the newest point is 400 s old: nothing is scraped any more");
    }

    #[test]
    fn an_answer_that_no_signal_can_be_says_what_to_do() {
        let two = r#"[{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"2"]}]"#;
        assert!(why_failed(success("vector", two)).starts_with("the query gives 2 series"));
        assert!(why_failed(success("string", r#"[1,"x"]"#)).starts_with("the query gives a string"));
        let histogram = r#"[{"metric":{},"histogram":[1,{"count":"1"}]}]"#;
        assert_eq!(why_failed(success("vector", histogram)), "the answer holds no plain number");
        let error = read(r#"{"status":"error","errorType":"bad_data","error":"parse error: unexpected end"}"#);
        assert_eq!(why_failed(error), "the server refuses the query: parse error: unexpected end");
        let partial =
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]},"warnings":["a store is away"]}"#;
        assert!(why_failed(read(partial)).ends_with("may not be whole: a store is away"));
        for body in ["", "<html>", "[]", "{}", r#"{"status":"success"}"#, "null", "{\"status\":"] {
            why_failed(read(body));
        }
    }

    #[test]
    fn an_answer_without_a_document_goes_by_its_status() {
        let by = |status, location| number(&WrittenAnswer { status, location, body: b"", is_cut: false }, now());
        assert!(why_failed(by(302, Some("/prometheus"))).starts_with("the server redirects to `/prometheus`"));
        assert!(why_failed(by(401, None)).contains("`basic_auth`"));
        assert!(why_failed(by(404, None)).contains("path of `server`"));
        assert_eq!(why_failed(by(503, None)), "the server answers with status 503");
        let long = WrittenAnswer { status: 200, location: None, body: b"{", is_cut: true };
        assert!(why_failed(number(&long, now())).starts_with("the answer is longer than any number"));
    }

    #[test]
    fn too_few_samples_are_nothing_to_go_by() {
        assert_eq!(with_samples(is(0.5), is(30.0), 30), QueryAnswer::Number { value: 0.5, samples: Some(30.0) });
        let few = nothing_but(with_samples(is(0.5), is(12.2), 30));
        assert_eq!(few, "too little to go by: 12 samples, and at least 30 are wanted");
        nothing_but(with_samples(is(0.5), nothing("no data"), 30));
        assert_eq!(why_failed(with_samples(is(0.5), failed("503"), 30)), "`samples`: 503");
        assert_eq!(why_failed(with_samples(failed("down"), failed("503"), 30)), "down");
    }

    #[test]
    fn numbers_are_told_in_the_unit_of_their_trigger() {
        assert_eq!(in_words(0.0312, Unit::Ratio), "3.12 %");
        assert_eq!(in_words(0.25, Unit::Seconds), "250 ms");
        assert_eq!(in_words(1200.0, Unit::Number), "1200");
        assert_eq!(in_words(0.000_02, Unit::Number), "2e-5");
        assert_eq!(in_words(0.0, Unit::Number), "0");
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_bytes_only_a_finite_number_is_one(
            status in 100_u16..600,
            kind in "vector|matrix|scalar|string|[a-z]{0,3}",
            result in r#"(\[|\]|\{|\}|,|:|"value"|"values"|"metric"|"NaN"|"1e999"|"0.5"|-?[0-9]{1,20}|null){0,12}"#,
            is_cut: bool,
        ) {
            let body = format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#);
            for body in [body.as_str(), result.as_str()] {
                let written = WrittenAnswer { status, location: None, body: body.as_bytes(), is_cut };
                match number(&written, now()) {
                    QueryAnswer::Number { value, .. } => assert!(value.is_finite() && !is_cut),
                    QueryAnswer::Nothing { why } | QueryAnswer::Failed { why } => assert!(!why.is_empty()),
                }
            }
        }
    }
}
