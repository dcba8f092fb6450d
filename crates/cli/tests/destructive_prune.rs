//! `docker image prune -af` between a checkpoint and the way back to it. Alone on the machine, because a prune reaches the
//! images of every project.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot see what it asks for cannot go on")]

#[expect(dead_code, reason = "this binary needs a part of what the others need")]
mod stage;

use backout_core::journal::RunResult;
use backout_testkit::docker::docker;

use crate::stage::Stage;

/// Containers, never started, that keep a prune of this test from every image that is not the test's own.
struct Others(Vec<String>);

impl Others {
    fn kept_from(stage: &Stage) -> Self {
        let own = format!("label=dev.backout.test={}", stage.project.name());
        let ids = |filter: &[&str]| -> Vec<String> {
            let list = docker(&[&["image", "ls", "--quiet", "--no-trunc"], filter].concat());
            list.split_whitespace().map(str::to_owned).collect()
        };
        let own = ids(&["--filter", &own]);
        let others = ids(&[]).into_iter().filter(|id| !own.contains(id));
        Self(others.map(|id| docker(&["create", &id, "never-started"]).trim().to_owned()).collect())
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for container in &self.0 {
            let _ = std::panic::catch_unwind(|| docker(&["rm", container]));
        }
    }
}

#[test]
fn a_prune_of_all_images_leaves_the_way_back_to_one_whose_tag_was_moved_and_removed() {
    let test = "a_prune_of_all_images_leaves_the_way_back_to_one_whose_tag_was_moved_and_removed";
    let Some(stage) = Stage::set(test) else { return };
    let good = stage.image("latest", "ok");
    let bad = stage.image("bad", "crash-on-start");
    let unused = stage.image("unused", "ok");
    stage.up("latest");
    let _others = Others::kept_from(&stage);

    // What a build server does: the name goes to the new image, the old names go, and what nothing uses is thrown away.
    let (name, latest) = (stage.project.name(), stage.project.image_name("latest"));
    let up = format!("docker tag {bad} {latest} && docker compose -p {name} up --detach");
    let ran = stage.guard(&format!("{up} && docker image prune --all --force"));

    ran.ended(3, RunResult::RolledBack);
    ran.is_verified();
    assert_eq!(stage.running("app"), [good], "{ran}");
    assert_eq!(stage.answer("/version").as_deref(), Some("latest"), "the version of the image that was `latest` first");
    let left = docker(&["image", "ls", "--quiet", "--no-trunc"]);
    assert!(!left.contains(&unused), "the prune took nothing, so this test shows nothing");
}
