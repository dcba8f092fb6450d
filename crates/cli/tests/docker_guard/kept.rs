//! Good deploys stay, and become what a later bad one goes back to.

use backout_core::inventory::Grade;
use backout_core::journal::{Body, RunResult};

use crate::stage::Stage;

#[test]
fn a_good_deploy_is_kept_and_the_next_bad_one_goes_back_to_it() {
    let Some(stage) = Stage::set("a_good_deploy_is_kept_and_the_next_bad_one_goes_back_to_it") else { return };
    let _ = stage.image("first", "ok");
    let second = stage.image("second", "ok");
    let _ = stage.image("third", "crash-on-start");
    stage.configure(&["    guard: { soak: 2s, dead_man: 5s, every: 100ms }"]);
    stage.up("first");

    let kept = stage.guard(&stage.deploy("second"));

    kept.ended(0, RunResult::Kept);
    assert_eq!(stage.running("app"), std::slice::from_ref(&second), "{kept}");
    let grades: Vec<Grade> = kept.checkpoints.iter().map(|graded| graded.grade).collect();
    assert_eq!(grades, [Grade::Good, Grade::Good], "{kept}");
    assert!(!kept.has(|body| matches!(body, Body::PlanMade { .. })), "{kept}");
    let of_second = stage.containers("app");

    let back = stage.guard(&stage.deploy("third"));

    back.ended(3, RunResult::RolledBack);
    assert_eq!(stage.running("app"), [second], "{back}");
    assert_ne!(stage.containers("app"), of_second, "the third version was never deployed: {back}");
}
