//! Snapshots: what all counters of a signal showed at one moment.
//!
//! | the answer                                                  | is                    |
//! |-------------------------------------------------------------|-----------------------|
//! | series with plain numbers, or none                          | snapshots             |
//! | a number that is `NaN` or infinite                          | a point without value |
//! | cut, a warning, an error, text, a bare number, a histogram  | a reason              |

use std::collections::BTreeMap;

use serde_json::Value;

use super::question::{OF, Part};
use crate::detect::QueryAnswer;
use crate::detect::query::{Data, WrittenAnswer, point, whole};

/// What all counters of a signal showed at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// When, in seconds since the epoch, by the server's clock.
    pub at: f64,
    /// Every series that there was.
    pub points: Vec<Point>,
}

/// One series at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Which query it is of.
    pub(crate) of: Part,
    /// Its labels, in one text: tells it from others.
    pub(crate) key: String,
    /// Whether it is a series as it was scraped, and not the sum of some.
    pub(crate) is_scraped: bool,
    /// The upper edge of its cell in seconds, of a histogram's bucket; infinite for the last.
    pub(crate) le: Option<f64>,
    /// What it showed; none where that is no finite number.
    pub(crate) value: Option<f64>,
}

/// The snapshots in an answer to [`super::question`], the oldest first: one of an instant query, many of a range.
///
/// # Errors
/// Why there are none, in words.
pub fn snapshots(answer: &WrittenAnswer<'_>) -> Result<Vec<Snapshot>, String> {
    if answer.is_cut {
        return Err(
            "the answer is too long: put `sum by (instance)` or `sum by (instance, le)` around the queries".to_owned()
        );
    }
    let data = whole(answer).map_err(why)?;
    let series = match data.result_type.as_str() {
        "vector" | "matrix" => data.result.as_array(),
        other => return Err(format!("the query gives a {other}, where counters are wanted")),
    };
    let mut moments: BTreeMap<i64, Snapshot> = BTreeMap::new();
    for series in series.map(Vec::as_slice).unwrap_or_default() {
        take(&data, series, &mut moments)?;
    }
    Ok(moments.into_values().collect())
}

fn take(data: &Data, series: &Value, moments: &mut BTreeMap<i64, Snapshot>) -> Result<(), String> {
    let labelled = labels(&series["metric"])?;
    let is_range = data.result_type == "matrix";
    let single = std::slice::from_ref(&series["value"]);
    let points = if is_range { series["values"].as_array().map(Vec::as_slice) } else { Some(single) };
    for written in points.ok_or("the answer holds no plain numbers")? {
        let (at, value) = point(written).map_err(why)?;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this age")]
        let moment = moments.entry((at * 1000.0).round() as i64).or_insert(Snapshot { at, points: Vec::new() });
        moment.points.push(Point { value: Some(value).filter(|value| value.is_finite()), ..labelled.clone() });
    }
    Ok(())
}

/// A point but for its value.
fn labels(metric: &Value) -> Result<Point, String> {
    let metric = metric.as_object().ok_or("the answer is not what Prometheus answers: see `server`")?;
    let of = metric.get(OF).and_then(Value::as_str).and_then(Part::of);
    let of = of.ok_or_else(|| format!("the server takes the label `{OF}` away"))?;
    let le = metric.get("le").and_then(Value::as_str).and_then(|le| match le {
        "+Inf" => Some(f64::INFINITY),
        number => number.parse().ok().filter(|edge: &f64| !edge.is_nan()),
    });
    if of == Part::Latency && le.is_none() {
        return Err("`latency` gives series without the label `le`: ask for the `_bucket` of a histogram".to_owned());
    }
    // Maps are sorted by their keys, so that one series has one text.
    let sorted: BTreeMap<&String, &Value> = metric.iter().collect();
    let key: Vec<String> = sorted.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(Point { of, key: key.join(","), is_scraped: metric.contains_key("__name__"), le, value: None })
}

fn why(answer: QueryAnswer) -> String {
    match answer {
        QueryAnswer::Nothing { why } | QueryAnswer::Failed { why } => why,
        QueryAnswer::Number { .. } => "the answer is a number, where counters are wanted".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, result: &str) -> Result<Vec<Snapshot>, String> {
        let body = format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#);
        snapshots(&WrittenAnswer { status: 200, location: None, body: body.as_bytes(), is_cut: false })
    }

    #[test]
    fn an_instant_is_one_snapshot_and_a_range_is_many() {
        let instant = r#"[{"metric":{"__name__":"a","backout_of":"requests"},"value":[10,"5"]},
                          {"metric":{"backout_of":"latency","le":"+Inf"},"value":[10,"NaN"]}]"#;
        let found = read("vector", instant).unwrap();
        assert_eq!((found.len(), found[0].points.len()), (1, 2));
        assert_eq!((found[0].points[0].is_scraped, found[0].points[0].value), (true, Some(5.0)));
        assert_eq!((found[0].points[1].le, found[0].points[1].value), (Some(f64::INFINITY), None));
        let range = r#"[{"metric":{"backout_of":"requests"},"values":[[10,"5"],[20,"6"]]},
                        {"metric":{"backout_of":"errors"},"values":[[20,"1"]]}]"#;
        let found = read("matrix", range).unwrap();
        assert_eq!(found.iter().map(|snapshot| snapshot.points.len()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(read("vector", "[]").unwrap(), []);
    }

    #[test]
    fn what_is_no_counter_is_a_reason() {
        for (kind, result) in [
            ("scalar", r#"[1,"2"]"#),
            ("vector", r#"[{"metric":{},"value":[1,"2"]}]"#),
            ("vector", r#"[{"metric":{"backout_of":"latency"},"value":[1,"2"]}]"#),
            ("matrix", r#"[{"metric":{"backout_of":"errors"},"histograms":[]}]"#),
            ("vector", r#"[{"metric":{"backout_of":"errors"},"value":"2"}]"#),
            ("vector", "[1]"),
        ] {
            assert!(read(kind, result).is_err(), "{result}");
        }
        let cut = WrittenAnswer { status: 200, location: None, body: b"{", is_cut: true };
        assert!(snapshots(&cut).unwrap_err().starts_with("the answer is too long"));
    }
}
