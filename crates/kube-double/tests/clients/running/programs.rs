//! Pods whose containers are programs of this machine.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use backout_kube_double::Program;
use serde_json::json;

use crate::ground::{Ground, both};
use crate::manifest::workload;

/// Says its image to whoever asks; of version 3 it does not start, and of version 4 it is never well.
const WEB: &str = r"
import http.server, os, sys
image = os.environ['IMAGE']
if image.endswith(':3'):
    sys.exit('there is no way to start')
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if image.endswith(':4') else 200)
        self.end_headers()
        self.wfile.write(image.encode())
    def log_message(self, *_):
        pass
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Web).serve_forever()
";

fn answer(port: u16) -> String {
    let mut answer = String::new();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Nobody may be there to answer.
    let _ = stream.write_all(b"GET /health HTTP/1.0\r\n\r\n").and_then(|()| stream.read_to_string(&mut answer));
    answer
}

fn deploy(ground: &Ground) -> u16 {
    let command = ["/usr/bin/python3", "-c", WEB].map(str::to_owned).to_vec();
    let (image, folder) = ("shop/web".to_owned(), ground.clients.folder().to_owned());
    ground.double.run(Program { image, command, folder, variables: BTreeMap::new() });
    let port = ground.double.publish("default", "web").unwrap();
    assert_eq!(answer(port), "", "there is no such Service yet");
    let mut web = workload("Deployment", "web", "shop/web:1");
    web["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] =
        json!({"httpGet": {"path": "/health", "port": 80}, "periodSeconds": 1});
    ground.apply(&web);
    ground.apply(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}));
    ground.kubectl("rollout status deployment/web --timeout=30s");
    port
}

#[test]
fn a_service_leads_to_the_programs_of_ready_pods_only() {
    both("a_service_leads_to_the_programs_of_ready_pods_only", |ground| {
        let port = deploy(ground);
        assert!(answer(port).ends_with("shop/web:1"));
        assert_eq!(ground.double.endpoints("default", "web").len(), 2);
        ground.kubectl("set image deployment/web app=shop/web:2");
        ground.kubectl("rollout status deployment/web --timeout=30s");
        assert!((0..4).all(|_| answer(port).ends_with("shop/web:2")));
        ground.kubectl("set image deployment/web app=shop/web:4");
        assert!(!ground.try_kubectl("rollout status deployment/web --timeout=3s").is_ok());
        assert!((0..4).all(|_| answer(port).ends_with("shop/web:2")));
        ground.kubectl("scale deployment/web --replicas=0");
        ground.until("nobody to answer", |_| answer(port).is_empty());
    });
}

#[test]
fn a_program_that_ends_is_a_pod_that_crashes_and_what_it_wrote_is_its_log() {
    both("a_program_that_ends_is_a_pod_that_crashes_and_what_it_wrote_is_its_log", |ground| {
        let port = deploy(ground);
        ground.kubectl("set image deployment/web app=shop/web:3");
        ground.until("a crash", |ground| ground.pods().contains(&"CrashLoopBackOff".to_owned()));
        assert!(answer(port).ends_with("shop/web:1"));
        let rows = ground.kubectl("get pods --no-headers");
        let crashed = rows.lines().find(|row| row.contains("CrashLoopBackOff")).unwrap();
        let name = crashed.split_whitespace().next().unwrap();
        assert_eq!(ground.kubectl(&format!("logs {name}")), "there is no way to start\n");
        ground.kubectl("rollout undo deployment/web");
        ground.kubectl("rollout status deployment/web --timeout=30s");
        assert!((0..4).all(|_| answer(port).ends_with("shop/web:1")));
    });
}
