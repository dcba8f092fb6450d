//! The double in a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Sends a request to an address without a path and returns the whole answer.
pub(crate) fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the double does not depend on the adapters that it tests")]
fn the_program_says_where_it_is_takes_instructions_and_ends_with_its_input() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_backout-kube-double"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let (url, side) = (told["url"].as_str().unwrap(), told["side_url"].as_str().unwrap());
    let script = r#"[{"fault": {"verb": "list", "path": "/pods$", "times": 1, "kind": {"answer": {"code": 503}}}},
        {"image": {"image": "web", "behaviour": "never-ready"}}]"#;
    let post = format!(
        "POST /double/script HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{script}",
        script.len()
    );
    assert!(ask(side, &post).starts_with("HTTP/1.1 200"));
    let list = "GET /api/v1/namespaces/default/pods HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(ask(url, list).starts_with("HTTP/1.1 503"));
    assert!(ask(url, list).contains("PodList"));
    let requests = ask(side, "GET /double/requests HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(requests.contains("\"code\":503") && requests.contains("\"verb\":\"list\""), "{requests}");
    let web = ask(side, "GET /default/web/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(web.starts_with("HTTP/1.1 503"), "{web}");
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    assert!(!std::path::Path::new(told["kubeconfig"].as_str().unwrap()).exists());
}
