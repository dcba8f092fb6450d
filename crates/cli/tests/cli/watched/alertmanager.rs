//! A real Alertmanager, as Debian packages it, and a watch that it posts to.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use backout_testkit::docker::free_port;
use backout_testkit::skip::skip;

use super::watching::{Watching, ask, until};
use super::webhooks::{alert, configured};

const PROGRAM: &str = "/usr/bin/prometheus-alertmanager";

struct Alertmanager(Child);

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test starts the other program as its packager would")]
fn start(folder: &Path, port: u16) -> Alertmanager {
    let mut command = Command::new(PROGRAM);
    command.arg(format!("--config.file={}", folder.join("alertmanager.yml").display()));
    command.arg(format!("--storage.path={}", folder.join("alertmanager").display()));
    command.args([format!("--web.listen-address=127.0.0.1:{port}"), "--cluster.listen-address=".to_owned()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Alertmanager(command.spawn().unwrap())
}

#[test]
fn alert_of_a_real_alertmanager_fires_and_is_over() {
    if !Path::new(PROGRAM).exists() {
        skip("alert_of_a_real_alertmanager_fires_and_is_over", "there is no `prometheus-alertmanager`");
        return;
    }
    let running = configured();
    let mut watching = Watching::start(&running, &["--listen", "127.0.0.1:0"]);
    let (hook, port) = (watching.port(), free_port());
    let receiver = format!(
        "route: {{ receiver: backout, group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}\n\
         receivers:\n  - name: backout\n    webhook_configs:\n      - url: http://127.0.0.1:{hook}/hooks/alertmanager\n        \
         http_config: {{ authorization: {{ credentials: t0ken }} }}\n"
    );
    running.0.write("alertmanager.yml", &receiver);
    let _alertmanager = start(&running.0.work(), port);
    let is_there = || std::net::TcpStream::connect(("127.0.0.1", port)).ok();
    drop(until("Alertmanager answers", is_there));
    let told = |ends: &str| {
        let labels = r#""labels": {"alertname": "HighErrorRate"}, "annotations": {"summary": "5 % fail"}"#;
        let body = format!(r#"[{{{labels}, "startsAt": "2026-01-01T00:00:00Z"{ends}}}]"#);
        ask(port, "POST /api/v2/alerts", "connection: close\r\n", &body).0
    };
    until("Alertmanager takes the alert", || (told("") == 200).then_some(()));
    until("it fires", || (alert(&running) == "unhealthy: HighErrorRate: 5 % fail").then_some(()));
    assert_eq!(told(r#", "endsAt": "2026-01-01T00:00:01Z""#), 200);
    until("it is over", || (alert(&running) == "healthy: does not fire").then_some(()));
}
