//! Reports, the changelog, a page of the status, and metrics.

use std::fs;
use std::path::Path;

use crate::place::Place;

fn after_a_demo() -> Place {
    let place = Place::new();
    place.run(&["demo", "-q", "--keep", "demo"]).well();
    place
}

#[test]
fn a_report_is_a_page_with_charts_or_a_document_with_the_four_keys() {
    let place = after_a_demo();
    place.run_in("demo", &["report", "--since", "1h", "--format", "html", "--out", "report.html"]).well();
    let page = fs::read_to_string(place.work().join("demo/report.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 2, "{page}");
    assert!(page.contains("1 of 1") || page.contains("100 % ("), "{page}");
    let report = place.run_in("demo", &["report", "--format", "json"]).well().document();
    assert_eq!(report["dora"]["change_failure_rate"], serde_json::json!({"some": 1, "all": 1}), "{report:#}");
    assert_eq!(report["dora"]["lead_time"], serde_json::Value::Null);
    let text = place.run_in("demo", &["report"]).well().stdout;
    assert!(text.contains("Lead time for changes: not known"), "{text}");
}

#[test]
fn the_changelog_says_who_deployed_what_and_what_came_of_it() {
    let place = after_a_demo();
    let text = place.run_in("demo", &["report", "--changelog"]).well().stdout;
    for part in ["# What was deployed to `demo`", "**rolled back**", "`web`: release 1 → release 2"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let all = place.run_in("demo", &["report", "--changelog", "--json"]).well().document();
    assert_eq!(all["deployed"][0]["result"], "rolled_back", "{all:#}");
    let none = place.run_in("demo", &["report", "--changelog", "--format", "html"]);
    assert_eq!(none.code, Some(2), "{}", none.shown());
}

#[test]
fn a_page_of_the_status_is_written_whole() {
    let place = after_a_demo();
    place.run_in("demo", &["incident", "open", "checkout is slow"]).well();
    place.run_in("demo", &["status", "--markdown", "--out", "status.md"]).well();
    let page = fs::read_to_string(place.work().join("demo/status.md")).unwrap();
    for part in ["# Status of `demo`", "checkout is slow", "| web |", "- last known good: `cp-"] {
        assert!(page.contains(part), "{part} is missing:\n{page}");
    }
    assert_eq!(place.run_in("demo", &["status", "--watch"]).code, Some(2), "a file is needed");
}

#[test]
fn metrics_are_what_prometheus_expects() {
    let place = after_a_demo();
    let text = place.run_in("demo", &["metrics"]).well().stdout;
    assert!(
        text.contains("backout_runs_total{environment=\"demo\",kind=\"guard\",result=\"rolled_back\"} 1"),
        "{text}"
    );
    place.run_in("demo", &["metrics", "--out", "backout.prom"]).well();
    assert_eq!(fs::read_to_string(place.work().join("demo/backout.prom")).unwrap(), text);
    checked(&place.work().join("demo/backout.prom"));
}

/// What Prometheus' own tool says of it, where there is one.
#[expect(clippy::disallowed_methods, reason = "Prometheus' tool is asked as a person would ask it")]
fn checked(file: &Path) {
    let tool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].map(Path::new).into_iter().find(|path| path.exists());
    let Some(tool) = tool else {
        backout_testkit::skip::skip("metrics_are_what_prometheus_expects", "there is no promtool");
        return;
    };
    let input = fs::File::open(file).unwrap();
    let left = std::process::Command::new(tool).args(["check", "metrics"]).stdin(input).output().unwrap();
    let said = String::from_utf8_lossy(&left.stderr).into_owned();
    assert!(left.status.success() && said.is_empty(), "{said}");
}
