//! The action: its steps run as a runner runs those of a composite action, with the few expressions that it uses.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::runner::{run, variables};
use super::site::Site;

const ACTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/github/action.yml");
/// How a runner calls `shell: bash`.
const BASH: [&str; 6] = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"];

/// What a job saw of the action.
struct Job {
    is_green: bool,
    outputs: BTreeMap<String, String>,
    summary: String,
    log: String,
}

/// Runs the action with these inputs; `state` is the site's unless it is among them.
fn job(site: &Site, inputs: &[(&str, &str)]) -> Job {
    let action: Value = serde_saphyr::from_str(&fs::read_to_string(ACTION).unwrap()).unwrap();
    let mut context = Context::new(&action, &[&[("state", site.state().as_str())], inputs].concat());
    let (mut is_green, mut log) = (true, String::new());
    let folder = site.place.temporary();
    let file = |name: &str| folder.join(name).display().to_string();
    for step in action["runs"]["steps"].as_array().unwrap() {
        if !is_green && step.get("if").and_then(Value::as_str) != Some("always()") {
            continue;
        }
        assert_eq!(step["shell"], "bash");
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "what stands in an input would be run: {script}");
        let mut variables = variables(&site.project());
        for (name, value) in step["env"].as_object().unwrap() {
            variables.insert(name.clone(), context.filled(value.as_str().unwrap()));
        }
        let workspace = site.project().display().to_string();
        let own = [("GITHUB_WORKSPACE", workspace), ("RUNNER_TEMP", file("runner"))];
        let files = [("GITHUB_OUTPUT", file("output")), ("GITHUB_STEP_SUMMARY", file("summary"))];
        fs::remove_file(folder.join("output")).ok();
        variables.extend(own.into_iter().chain(files).map(|(name, value)| (name.to_owned(), value)));
        let ended = run(&BASH, script, &site.project(), &variables);
        log.push_str(&format!("{}{}", ended.stdout, ended.stderr));
        is_green &= ended.code == 0;
        context.wrote(step["id"].as_str(), &fs::read_to_string(folder.join("output")).unwrap_or_default());
    }
    let outputs = action["outputs"].as_object().unwrap();
    let outputs = outputs.iter().map(|(name, of)| (name.clone(), context.filled(of["value"].as_str().unwrap())));
    let summary = fs::read_to_string(folder.join("summary")).unwrap_or_default();
    Job { is_green, outputs: outputs.collect(), summary, log }
}

/// What expressions can name.
struct Context(BTreeMap<String, String>);

impl Context {
    fn new(action: &Value, inputs: &[(&str, &str)]) -> Self {
        let mut known = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            let given = inputs.iter().rev().find(|(it, _)| it == name).map(|(_, value)| *value);
            let value = given.or_else(|| input["default"].as_str());
            known.insert(format!("inputs.{name}"), value.unwrap_or_else(|| panic!("`{name}` is required")).to_owned());
        }
        Self(known)
    }

    /// Takes what a step wrote into the file for its outputs.
    fn wrote(&mut self, step: Option<&str>, text: &str) {
        let outputs = text.lines().filter_map(|line| line.split_once('='));
        let step = step.unwrap_or_default();
        self.0.extend(outputs.map(|(name, value)| (format!("steps.{step}.outputs.{name}"), value.to_owned())));
    }

    /// A value that is an expression of one name, or none. What no step wrote is empty, as it is for a runner.
    fn filled(&self, text: &str) -> String {
        let Some(name) = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) else {
            return text.to_owned();
        };
        let name = name.trim();
        assert!(name.starts_with("inputs.") || name.starts_with("steps."), "`{name}` is no name that is known here");
        assert!(self.0.contains_key(name) || name.starts_with("steps."), "there is no `{name}`");
        self.0.get(name).cloned().unwrap_or_default()
    }
}

#[test]
fn a_good_deploy_is_green_and_says_so() {
    let site = Site::new();
    let job = job(&site, &[("command", "./deploy.sh 3"), ("soak", "2s"), ("environment", "local")]);
    assert!(job.is_green, "{}", job.log);
    assert_eq!((job.outputs["result"].as_str(), job.outputs["exit-code"].as_str()), ("kept", "0"), "{}", job.log);
    assert!(job.outputs["run"].starts_with("run-") && job.summary.contains(&job.outputs["run"]), "{}", job.summary);
    assert_eq!(site.serves(), "3");
}

#[test]
fn a_bad_deploy_is_red_and_leaves_a_post_mortem() {
    let site = Site::new();
    let job = job(&site, &[("command", "./deploy.sh 2")]);
    assert!(!job.is_green && job.outputs["result"] == "rolled_back" && job.outputs["exit-code"] == "3", "{}", job.log);
    assert!(job.log.contains("::error::the deploy went bad and was rolled back"), "{}", job.log);
    assert!(job.summary.contains("## Deploy: rolled_back") && job.summary.contains("Timeline"), "{}", job.summary);
    assert_eq!(site.serves(), "1");
}

#[test]
fn a_deploy_that_waits_for_a_person_is_red_and_calls() {
    let site = Site::new();
    site.configure("policy: { matrix: [{ name: all, then: hold }] }");
    let job = job(&site, &[("command", "./deploy.sh 2")]);
    assert!(!job.is_green && job.outputs["result"] == "needs_person", "{:?} {}", job.outputs, job.log);
    assert!(job.log.contains("A PERSON IS NEEDED NOW"), "{}", job.log);
    assert_eq!(site.serves(), "2", "it was held, not taken back");
}

#[test]
fn a_state_that_goes_with_the_job_is_refused_before_anything_is_deployed() {
    let site = Site::new();
    for state in ["state", "./a/../state", &site.project().join("state").display().to_string()] {
        let job = job(&site, &[("command", "./deploy.sh 3"), ("state", state)]);
        assert!(!job.is_green && job.log.contains("emptied between jobs"), "{state}: {}", job.log);
        assert_eq!((job.outputs["result"].as_str(), site.serves().as_str()), ("", "1"), "{state}");
    }
}

#[test]
fn what_stands_in_an_input_is_said_and_never_run() {
    let site = Site::new();
    let reason = "it's \"$(touch hacked)\" `touch hacked`; touch hacked";
    let job = job(&site, &[("command", "./deploy.sh 3"), ("soak", "1s"), ("reason", reason)]);
    assert!(job.is_green, "{}", job.log);
    assert!(job.summary.contains(reason), "{}", job.summary);
    assert!(!site.project().join("hacked").exists());
}
