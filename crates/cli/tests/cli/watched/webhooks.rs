//! What others tell a watch.

use std::fmt::Write as _;

use backout_core::port::Clock as _;
use backout_engine::clock::SystemClock;
use ring::hmac;

use super::watching::{Watching, ask, noticed, until};
use crate::running::Running;

const HOOKS: &str = r#"    watch:
      hooks: { alertmanager: { token: "env:ALERT_TOKEN" }, deploy: { secret: "env:DEPLOY_KEY" } }
      alerts: { errors: { labels: { alertname: HighErrorRate }, service: web } }
"#;

pub(super) fn configured() -> Running {
    let running = Running::new();
    let config = std::fs::read_to_string(running.0.work().join("backout.yaml")).unwrap();
    let (before, after) = config.split_once("    guard:").unwrap();
    let (triggers, rest) = before.split_once("    triggers:\n").unwrap();
    let alerted = "      alerted: { signal: alerts.errors, action: observe }\n";
    let config = format!("{triggers}    triggers:\n{alerted}{rest}{HOOKS}    guard:{after}");
    let config = config.replace("env:ALERT_TOKEN", "file:token").replace("env:DEPLOY_KEY", "file:key");
    running.0.write("backout.yaml", &config);
    running.0.write("token", "t0ken\n");
    running.0.write("key", "k3y\n");
    running
}

fn payload(status: &str) -> String {
    let alert = format!(
        r#"{{"status": "{status}", "labels": {{"alertname": "HighErrorRate"}}, "annotations": {{"summary": "5 % fail"}},
            "startsAt": "2026-11-21T08:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "a1"}}"#
    );
    format!(r#"{{"version": "4", "status": "{status}", "receiver": "backout", "alerts": [{alert}]}}"#)
}

fn signed(body: &str) -> String {
    let at = SystemClock.now().as_second();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"k3y"), format!("{at}.{body}").as_bytes());
    let digits = tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("x-backout-timestamp: {at}\r\nx-backout-signature: v1={digits}\r\n")
}

pub(super) fn alert(running: &Running) -> String {
    let status = running.0.run(&["status", "--json"]).document();
    let signals = status["signals"].as_array().unwrap().clone();
    let alert = signals.iter().find(|signal| signal["name"] == "alerts.errors").unwrap();
    format!("{}: {}", alert["verdict"].as_str().unwrap(), alert["what"].as_str().unwrap())
}

/// What `check` finds of the alert: its result, and all that it says.
fn checked(running: &Running) -> (String, String) {
    let report = running.0.run(&["check", "--json"]).document();
    let findings = report["findings"].as_array().unwrap();
    let of_alert = findings.iter().find(|finding| finding["check"] == "signal alerts.errors").unwrap();
    (of_alert["result"].as_str().unwrap().to_owned(), format!("{} {}", of_alert["what"], of_alert["hint"]))
}

#[test]
fn an_alert_that_nobody_can_tell_of_is_found_by_check() {
    let running = configured();
    let (result, said) = checked(&running);
    assert!(result == "note" && said.contains("nobody listens") && said.contains("watch: { listen:"), "{said}");
    let edit = |from: &str, to: &str| {
        let config = std::fs::read_to_string(running.0.work().join("backout.yaml")).unwrap();
        assert!(config.contains(from), "{config}");
        running.0.write("backout.yaml", &config.replace(from, to));
    };
    edit("alertmanager: { token: \"file:token\" }, ", "");
    let (result, said) = checked(&running);
    assert!(result == "note" && said.contains("no hook that takes alerts") && said.contains("backout watch"), "{said}");
    edit("action: observe", "action: hold");
    let (result, said) = checked(&running);
    assert!(result == "fails" && said.contains("every deploy ends as kept and not proven"), "{result}: {said}");
}

#[test]
fn what_alertmanager_posts_is_a_signal_for_every_command_for_as_long_as_somebody_listens() {
    let running = configured();
    assert!(alert(&running).starts_with("unmeasurable: nobody listens"), "{}", alert(&running));
    let mut watching = Watching::start(&running, &["--listen", "127.0.0.1:0"]);
    let port = watching.port();
    until("somebody listens", || alert(&running).starts_with("healthy").then_some(()));
    let token = "authorization: Bearer t0ken\r\n";
    assert_eq!(ask(port, "POST /hooks/alertmanager", "authorization: Bearer t1ken\r\n", &payload("firing")).0, 401);
    assert_eq!(alert(&running), "healthy: does not fire");
    assert_eq!(ask(port, "POST /hooks/alertmanager", token, &payload("firing")).0, 202);
    until("it fires", || (alert(&running) == "unhealthy: HighErrorRate: 5 % fail").then_some(()));
    assert_eq!(ask(port, "POST /hooks/alertmanager", token, &payload("firing")).0, 202);
    assert_eq!(ask(port, "POST /hooks/alertmanager", token, &payload("resolved")).0, 202);
    until("it is over", || (alert(&running) == "healthy: does not fire").then_some(()));
    let metrics = ask(port, "GET /metrics", "", "").1;
    assert!(metrics.contains("backout_hooks_taken_total 3\n"), "{metrics}");
    assert!(metrics.contains("backout_hooks_refused_total{reason=\"forged\"} 1\n"), "{metrics}");
    assert!(metrics.contains(&running.0.run(&["metrics"]).well().stdout), "{metrics}");
    until("probes are counted", || {
        let text = ask(port, "GET /metrics", "", "").1;
        let performed =
            text.lines().find_map(|line| line.strip_prefix("backout_probes_total{result=\"performed\"} "))?;
        let is_none_left_out = text.contains("backout_probes_total{result=\"skipped\"} 0\n");
        (performed.parse::<u64>().unwrap() > 0 && is_none_left_out).then_some(())
    });
    let journal = rusqlite::Connection::open(running.0.work().join(".backout/journal.db")).unwrap();
    let heard = || -> i64 {
        let sql = "SELECT count(*) FROM record WHERE kind = 'alert_heard'";
        journal.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    until("both changes are recorded, and what was said again is not", || (heard() == 2).then_some(()));
}

#[test]
fn who_announces_a_deploy_is_named_with_it() {
    let running = configured();
    running.0.run(&["checkpoint", "create"]).well();
    let mut watching = Watching::start(&running, &["--listen", "127.0.0.1:0"]);
    let port = watching.port();
    let body = r#"{"version": "2.0", "author": "anna", "services": ["web"]}"#;
    assert_eq!(ask(port, "POST /hooks/deploy", &signed(body), body).0, 202);
    running.0.script("deploy.sh", "2").well();
    let run = until("the deploy went bad", || noticed(&running));
    let said = (run["actor"].as_str(), run["kind"]["announced"]["version"].as_str());
    assert_eq!(said, (Some("anna"), Some("2.0")));
    let history = running.0.run(&["history"]).well().stdout;
    assert!(history.contains("announced as 2.0"), "{history}");
}
