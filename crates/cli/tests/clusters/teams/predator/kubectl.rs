//! The page's emergency: single Deployments, without Helm.

use backout_testkit::guarded::wait_until;
use backout_testkit::measured::{Recorded as _, Table, What};

use super::stage::Predator;
use crate::site::SOON;

/// The workloads as the chart makes them, applied as they are.
fn applied(test: &str) -> Option<Predator> {
    let mut predator = Predator::open(test, "kubectl")?;
    let team = &predator.team;
    predator.migrate();
    team.clients.write("all.yaml", &predator.template("predator", "tag=1.4.2"));
    team.kubectl(&["apply", "--filename", "all.yaml"]);
    let _ = predator.running();
    predator.begin();
    Some(predator)
}

#[test]
fn predator_deployments_go_back_one_by_one_and_in_a_hurry() {
    let Some(predator) = applied("predator_deployments_go_back_one_by_one_and_in_a_hurry") else { return };
    let mut table = Table::of("predator, kubectl");
    one_goes_back_alone(&predator, &mut table);
    an_emergency_waits_for_nobody(&predator, &mut table);
    a_setting_goes_back_alone(&predator, &mut table);
    table.print_and_hold();
}

fn one_goes_back_alone(predator: &Predator, table: &mut Table) {
    let team = &predator.team;
    let (since, good) = (team.journal().last(), predator.running());
    let others = || ["frontend", "celery-worker"].map(|name| team.pods(name));
    let before = others();
    let image = "backend=predator/backend:1.5.0-missing";
    let set = ["guard", "--", "kubectl", "--namespace", "production", "set", "image", "deployment/backend", image];
    team.backout(&set).expect_code(3);
    assert_eq!((predator.running(), others()), (good, before));
    assert!(predator.is_well());
    table.add(team, since, ("an image that is not there", What::Service));
}

fn an_emergency_waits_for_nobody(predator: &Predator, table: &mut Table) {
    let (team, good) = (&predator.team, predator.running());
    team.kubectl(&["set", "image", "deployment/backend", "backend=predator/backend:1.5.0"]);
    wait_until("the new version alone to answer", SOON, || {
        team.running("backend") != good[0] && predator.version().as_deref() == Some("1.5.0")
    });
    let since = team.journal().last();
    let words =
        ["rollback", "--service", "backend", "--emergency", "--no-observe", "--reason", "log-ins fail", "--yes"];
    let ended = team.backout(&words).expect_code(0);
    assert_eq!(predator.running(), good, "{}", ended.stderr);
    assert!(predator.is_well() && predator.version().as_deref() == Some("1.4.2"));
    table.add(team, since, ("an emergency", What::Emergency));
}

/// Somebody edits a ConfigMap by hand.
fn a_setting_goes_back_alone(predator: &Predator, table: &mut Table) {
    let (team, good) = (&predator.team, predator.running());
    let setting = || team.stands("configmap/predator", ".data.AUTH_URL");
    let before = setting();
    let patch = r#"{"data": {"AUTH_URL": "http://nowhere.invalid"}}"#;
    team.kubectl(&["patch", "configmap", "predator", "--type", "merge", "--patch", patch]);
    team.kubectl(&["rollout", "restart", "deployment/backend"]);
    let since = team.journal().last();
    team.backout(&["rollback", "--config-files", "--reason", "nobody can log in", "--yes"]).expect_code(0);
    assert_eq!((setting(), predator.running()), (before, good));
    assert!(predator.is_well());
    table.add(team, since, ("a setting alone", What::Service));
}
