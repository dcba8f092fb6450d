//! The same requests to any cluster, and what its answers look like, against `recorded.json`.
//!
//! | `BACKOUT_TEST_KUBECONFIG` | `BACKOUT_TEST_RECORD` | what is done |
//! |---|---|---|
//! | unset | unset | the double is compared with the recording |
//! | a real cluster's | unset | that cluster is compared with the recording |
//! | either | `1` | the recording is written anew, and names its source |
//!
//! Only the shape is recorded: kinds, conditions with their reasons, states, revisions and errors, never names that are
//! made up, times or counts that depend on the nodes.

mod asked;
mod shape;

use std::path::{Path, PathBuf};

use backout_kube_double::{Behaviour, Double};
use backout_testkit::kube::{Generation, KubeClients};
use serde_json::{Value, json};

const DOUBLE: &str = "the double itself: not yet recorded from a real cluster";

#[test]
fn answers_have_the_shape_that_is_recorded() {
    let double = Double::start().unwrap();
    double.image("busybox", Behaviour::Crash);
    let real = variable("BACKOUT_TEST_KUBECONFIG").map(PathBuf::from);
    let kubeconfig = real.clone().unwrap_or_else(|| double.kubeconfig());
    let test = "answers_have_the_shape_that_is_recorded";
    let Some(clients) = KubeClients::new(test, Generation::Helm4, &kubeconfig) else { return };
    let answers = asked::answers(&clients);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/recorded.json");
    if variable("BACKOUT_TEST_RECORD").as_deref() == Some("1") {
        let version = clients.kubectl(&["version"]).ok();
        let server = version.lines().find(|line| line.starts_with("Server")).unwrap_or_default();
        let source = if real.is_some() { format!("a real cluster: {server}") } else { DOUBLE.to_owned() };
        write(&file, &json!({"version": 1, "source": source, "answers": answers}));
    }
    let recorded: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (asked, answer) in recorded["answers"].as_object().unwrap() {
        assert_eq!(&answers[asked], answer, "{asked} (recorded from {})", recorded["source"]);
    }
    assert_eq!(answers.as_object().unwrap().len(), recorded["answers"].as_object().unwrap().len());
}

#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "a recording that is cut off is recorded again")]
fn write(file: &Path, recorded: &Value) {
    std::fs::write(file, format!("{recorded:#}\n")).unwrap();
}
