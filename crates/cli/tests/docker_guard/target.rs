//! The recorded image is what is gone back to, whatever became of its name; and where it is gone, nothing is begun.

use backout_core::journal::{Body, RunResult};
use backout_core::policy::RefusalName;
use backout_testkit::docker::docker;

use crate::stage::Stage;

#[test]
fn a_deploy_that_moves_the_tag_of_what_ran_goes_back_to_the_recorded_image() {
    let test = "a_deploy_that_moves_the_tag_of_what_ran_goes_back_to_the_recorded_image";
    let Some(stage) = Stage::set(test) else { return };
    let good = stage.image("latest", "ok");
    let bad = stage.image("bad", "crash-on-start");
    stage.up("latest");

    let (name, latest) = (stage.project.name(), stage.project.image_name("latest"));
    let ran = stage.guard(&format!("docker tag {bad} {latest} && docker compose -p {name} up --detach"));

    ran.ended(3, RunResult::RolledBack);
    assert_eq!(stage.running("app"), [good], "{ran}");
    let named = docker(&["image", "inspect", "--format", "{{.Id}}", &latest]);
    assert_eq!(named.trim(), bad, "the user's own tag was moved");
}

#[test]
fn a_deploy_that_removes_the_tag_of_what_ran_goes_back_to_the_recorded_image() {
    let test = "a_deploy_that_removes_the_tag_of_what_ran_goes_back_to_the_recorded_image";
    let Some(stage) = Stage::set(test) else { return };
    let good = stage.image("good", "ok");
    let _ = stage.image("bad", "crash-on-start");
    stage.up("good");

    let removal = format!("docker rmi --force {}", stage.project.image_name("good"));
    let ran = stage.guard(&format!("{} && {removal}", stage.deploy("bad")));

    ran.ended(3, RunResult::RolledBack);
    assert_eq!(stage.running("app"), [good], "{ran}");
}

#[test]
fn a_target_whose_image_is_gone_is_refused_before_anything_stops() {
    let Some(stage) = Stage::set("a_target_whose_image_is_gone_is_refused_before_anything_stops") else { return };
    let good = stage.image("good", "ok");
    let _ = stage.image("next", "ok");
    stage.up("good");
    let created = stage.backout(&["checkpoint", "create"]);
    assert_eq!(created.exit, 0, "{created}");
    stage.up("next");
    eventually_only(&stage, "next");
    let before = stage.containers("app");
    remove_everywhere(&good);

    let ran = stage.backout(&["rollback", "--yes"]);

    ran.ended(5, RunResult::Refused);
    assert_eq!(stage.containers("app"), before, "{ran}");
    let refusals = ran.find(|body| match body {
        Body::Refused { refusals } => Some(refusals.clone()),
        _ => None,
    });
    let refusals = refusals.unwrap_or_default();
    assert_eq!(refusals.iter().map(|it| it.name).collect::<Vec<_>>(), [RefusalName::TargetGone], "{ran}");
    assert!(refusals[0].what.contains(&good) && !refusals[0].hint.is_empty(), "{refusals:?}");
    assert!(ran.stderr.contains("target-gone") && ran.stderr.contains(&refusals[0].hint), "{ran}");
}

/// Waits until the version that answers is this one.
fn eventually_only(stage: &Stage, tag: &str) {
    crate::stage::eventually("the next version answers", || stage.answer("/version").as_deref() == Some(tag));
}

/// Removes an image with every name and every container that holds it.
fn remove_everywhere(image: &str) {
    let holders = docker(&["ps", "--all", "--quiet", "--filter", &format!("ancestor={image}")]);
    for holder in holders.split_whitespace() {
        let _ = docker(&["rm", "--force", holder]);
    }
    let _ = docker(&["rmi", "--force", image]);
}
