//! What a deep check finds before a way back does: images that are gone, and others at a port.

use backout_testkit::docker::docker;

use crate::stage::{Ran, Stage};

fn deep(stage: &Stage) -> Ran {
    stage.backout(&["check", "--deep"])
}

#[test]
fn a_deep_check_finds_what_would_make_a_way_back_fail_and_a_drill_is_not_begun_then() {
    let Some(stage) = Stage::set("a_deep_check_finds_what_would_make_a_way_back_fail_and_a_drill_is_not_begun_then")
    else {
        return;
    };
    stage.configure(&["    drill: { allowed: true, within: 10s }"]);
    let image = stage.image("good", "ok");
    stage.up("good");
    let first = deep(&stage);
    assert!(first.exit == 0 && first.stdout.contains("there is none to go back to yet"), "{first}");
    assert_eq!(stage.backout(&["checkpoint", "create"]).exit, 0);
    let whole = deep(&stage);
    assert!(whole.exit == 0 && whole.stdout.contains("whole: 1 of 1 can run again"), "{whole}");
    assert!(
        whole.stdout.contains("nobody else has or wants them") && whole.stdout.contains("room for an image"),
        "{whole}"
    );

    // Left over from another project, and not running.
    let (name, publish) = (format!("{}-left-over", stage.project.name()), format!("127.0.0.1:{}:8080", stage.port));
    let label = stage.project.label();
    let _ = docker(&["create", "--name", &name, "--label", &label, "--publish", &publish, &image]);
    let left = deep(&stage);
    assert!(left.exit == 0 && left.stdout.contains(&format!("`{name}` does not run, and takes port")), "{left}");
    assert!(left.stdout.contains(&format!("docker rm {name}")), "{left}");
    let _ = stage.project.compose(&["down"]);
    let _ = docker(&["start", &name]);
    let taken = deep(&stage);
    assert_eq!(taken.exit, 6, "{taken}");
    assert!(taken.stdout.contains(&format!("published by the container `{name}`, which runs")), "{taken}");
    let drill = stage.backout(&["drill", "--yes"]);
    assert!(drill.exit == 5 && drill.stderr.contains("which runs"), "{drill}");
    let _ = docker(&["rm", "--force", &name]);

    let holders = docker(&["ps", "--all", "--quiet", "--filter", &format!("ancestor={image}")]);
    holders.lines().for_each(|holder| drop(docker(&["rm", "--force", holder])));
    let _ = docker(&["rmi", "--force", &image]);
    let gone = deep(&stage);
    assert_eq!(gone.exit, 6, "{gone}");
    assert!(gone.stdout.contains("is not on the engine, and it was never in a registry"), "{gone}");
    assert!(!stage.so_far().has(|body| body.kind() == "deploy_intended"), "{gone}");
}
