//! Servers of metrics that answer nonsense: never a number, always a reason.

use backout_core::detect::QueryAnswer;

use super::memory::resident_mib;
use crate::promql::{ask, signal};
use crate::server::{Server, answer};

async fn answered(body: &str) -> QueryAnswer {
    let server = Server::answering(answer("200 OK", "", body)).await;
    ask(signal(&server.url(), "a")).await
}

fn vector(value: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":{value}}}]}}}}"#)
}

#[tokio::test]
async fn what_is_no_number_is_never_taken_for_one() {
    let values = [
        r#"[1,"NaN"]"#,
        r#"[1,"+Inf"]"#,
        r#"[1,"-Inf"]"#,
        r#"[1,"eleven"]"#,
        r#"[1,""]"#,
        r#"[1,null]"#,
        r#"[1,{}]"#,
        r#"[1]"#,
        r#"[]"#,
        r#"{}"#,
        r#""0.5""#,
        r#"[1,"1e999"]"#,
        r#"[1,"0x10"]"#,
        r#"[1,"1_000"]"#,
    ];
    for value in values {
        let answer = answered(&vector(value)).await;
        assert!(!matches!(answer, QueryAnswer::Number { .. }), "{value}: {answer:?}");
    }
    assert_eq!(answered(&vector(r#"[1,"0.5"]"#)).await, QueryAnswer::Number { value: 0.5, samples: None });
}

#[tokio::test]
async fn what_is_no_answer_of_prometheus_is_a_reason() {
    let whole = vector(r#"[1,"0.5"]"#);
    let mut bodies: Vec<String> = (0..whole.len()).map(|length| whole[..length].to_owned()).step_by(7).collect();
    let others = [
        "<html><body>502 Bad Gateway</body></html>",
        "null",
        "[]",
        "{}",
        "\u{feff}{}",
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":null}"#,
        r#"{"status":"success","data":{"resultType":"vector","result":null}}"#,
        r#"{"status":"success","data":{"resultType":"vector","result":{}}}"#,
        r#"{"status":"success","data":{"resultType":"nonsense","result":[]}}"#,
        r#"{"status":7,"data":[]}"#,
    ];
    bodies.extend(others.map(str::to_owned));
    bodies.push(format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)));
    for body in bodies {
        let answer = answered(&body).await;
        assert!(!matches!(answer, QueryAnswer::Number { .. }), "{answer:?} of {}", &body[..body.len().min(80)]);
    }
}

#[tokio::test]
async fn a_million_series_are_refused_and_take_no_memory() {
    let one = r#"{"metric":{"pod":"shop-6d4cf56db6-abcde"},"value":[1,"0.5"]},"#;
    let series = one.repeat(1_000_000);
    let body = format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}{{}}]}}}}"#);
    let server = Server::answering(answer("200 OK", "", &body)).await;
    drop((series, body));
    let before = resident_mib();
    let answer = ask(signal(&server.url(), "a")).await;
    assert!(matches!(&answer, QueryAnswer::Failed { why } if why.contains("longer")), "{answer:?}");
    let grown = resident_mib() - before;
    assert!(grown < 32.0, "{grown} MiB for a million series");
    let few = format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}{{}}]}}}}"#, one.repeat(1000));
    assert!(matches!(answered(&few).await, QueryAnswer::Failed { .. }));
}
