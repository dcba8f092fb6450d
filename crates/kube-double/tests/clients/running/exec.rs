//! Commands in containers, as `kubectl exec` runs them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use backout_kube_double::Program;
use serde_json::json;

use crate::ground::{Ground, both};
use crate::manifest::workload;

/// Pods that do nothing, in the folder of the test, with a variable of their image and one of their template.
fn deploy(ground: &Ground) {
    let command = ["sleep", "600"].map(str::to_owned).to_vec();
    let (image, folder) = ("shop/web".to_owned(), ground.clients.folder().to_owned());
    let variables = BTreeMap::from([("PLACE".to_owned(), "image".to_owned())]);
    ground.double.run(Program { image, command, folder, variables });
    let mut web = workload("Deployment", "web", "shop/web:1");
    web["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "MODE", "value": "template"}]);
    ground.apply(&web);
    ground.kubectl("rollout status deployment/web --timeout=30s");
}

fn exec(ground: &Ground, words: &[&str]) -> Command {
    ground.clients.command("kubectl", &[&["exec", "deployment/web", "-i", "--"], words].concat())
}

fn said(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_command_in_a_pod_has_three_streams_and_an_exit_code() {
    both("a_command_in_a_pod_has_three_streams_and_an_exit_code", |ground| {
        deploy(ground);
        let script = "cat; echo $IMAGE $PLACE $MODE; pwd; echo wrong >&2; exit 7";
        let ended = said(exec(ground, &["sh", "-c", script]), b"read\n");
        let folder = ground.clients.folder().canonicalize().unwrap();
        let expected = format!("read\nshop/web:1 image template\n{}\n", folder.display());
        assert_eq!(String::from_utf8(ended.stdout).unwrap(), expected);
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(stderr.starts_with("wrong\n"), "{stderr}");
        assert_eq!(ended.status.code(), Some(7), "{stderr}");
        // More than any buffer on the way holds, both ways at once.
        let much = vec![b'x'; 3_000_000];
        assert_eq!(said(exec(ground, &["cat"]), &much).stdout.len(), much.len());
    });
}

#[test]
fn what_cannot_be_run_is_said_by_kubectl_as_on_a_cluster() {
    both("what_cannot_be_run_is_said_by_kubectl_as_on_a_cluster", |ground| {
        deploy(ground);
        let nowhere = ground.try_kubectl("exec deployment/web -- nowhere");
        assert!(!nowhere.is_ok() && nowhere.stderr.contains("executable file not found"), "{}", nowhere.stderr);
        let other = ground.try_kubectl("exec deployment/web -c other -- true");
        assert!(!other.is_ok() && other.stderr.contains("other"), "{}", other.stderr);
        ground.double.deny("create", "pods/exec", "");
        let denied = ground.try_kubectl("exec deployment/web -- true");
        assert!(!denied.is_ok() && denied.stderr.contains("forbidden"), "{}", denied.stderr);
    });
}

/// Whether a process holds the marks of a command.
fn is_running(file: &Path) -> bool {
    let Ok(id) = std::fs::read_to_string(file) else { return false };
    Path::new("/proc").join(id.trim()).exists()
}

#[test]
fn a_command_outlives_its_client_and_ends_with_its_pod() {
    both("a_command_outlives_its_client_and_ends_with_its_pod", |ground| {
        deploy(ground);
        let file = ground.clients.folder().join("id");
        let mut client = exec(ground, &["sh", "-c", "echo $$ > id; while :; do sleep 0.1; done"]).spawn().unwrap();
        ground.until("the command to run", |_| is_running(&file));
        client.kill().unwrap();
        client.wait().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(is_running(&file));
        ground.kubectl("delete pods -l app=web --grace-period=0 --force");
        ground.until("its end", |_| !is_running(&file));
    });
}
