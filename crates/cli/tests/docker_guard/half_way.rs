//! Deploy commands that fail: what they did is taken back, and what they did not do is left alone.

use backout_core::journal::RunResult;

use crate::stage::{Stage, get};
use backout_testkit::docker::free_port;

/// A stage of two services, of which each chooses its own image.
fn two_services(test: &str) -> Option<(Stage, u16)> {
    let stage = Stage::set(test)?;
    let port = free_port();
    let worker = format!(
        "  worker:\n    image: ${{WORKER}}\n    ports: [\"127.0.0.1:{port}:8080\"]\n    stop_grace_period: 1s\n"
    );
    stage.compose_file(&(stage.app("") + &worker));
    let probe = |port: u16| format!("{{ health: {{ http: \"http://127.0.0.1:{port}/health\", every: 250ms }} }}");
    let services = format!(
        "    services:\n      app:\n        probes: {}\n      worker:\n        probes: {}",
        probe(stage.port),
        probe(port)
    );
    stage.configure(&[&services]);
    Some((stage, port))
}

fn both_up(stage: &Stage, tag: &str) {
    let image = stage.project.image_name(tag);
    stage.project.write(".env", &format!("IMAGE={image}\nWORKER={image}\n"));
    let _ = stage.project.compose(&["up", "--detach", "--wait"]);
}

#[test]
fn a_deploy_command_that_fails_after_the_first_of_two_services_is_taken_back() {
    let test = "a_deploy_command_that_fails_after_the_first_of_two_services_is_taken_back";
    let Some((stage, port)) = two_services(test) else { return };
    let good = stage.image("good", "ok");
    let _ = stage.image("next", "ok");
    both_up(&stage, "good");
    let worker = stage.containers("worker");

    let (name, next) = (stage.project.name(), stage.project.image_name("next"));
    let choose = format!("printf 'IMAGE={next}\\nWORKER={next}\\n' > .env");
    let ran = stage.guard(&format!("{choose} && docker compose -p {name} up --detach app && exit 1"));

    ran.ended(3, RunResult::RolledBack);
    ran.is_verified();
    assert_eq!(stage.running("app"), [good], "{ran}");
    assert_eq!(stage.containers("worker"), worker, "a service that the deploy did not reach was touched: {ran}");
    assert_eq!(stage.answer("/version").as_deref(), Some("good"));
    assert_eq!(get(port, "/version").as_deref(), Some("good"));
}

#[test]
fn a_deploy_command_that_fails_before_it_changed_anything_leaves_every_container_as_it_is() {
    let test = "a_deploy_command_that_fails_before_it_changed_anything_leaves_every_container_as_it_is";
    let Some((stage, _)) = two_services(test) else { return };
    let _ = stage.image("good", "ok");
    both_up(&stage, "good");
    let before = [stage.containers("app"), stage.containers("worker")];

    let ran = stage.guard("exit 9");

    ran.ended(3, RunResult::NothingChanged);
    ran.is_verified();
    assert_eq!([stage.containers("app"), stage.containers("worker")], before, "{ran}");
}
