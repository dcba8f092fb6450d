//! Rollouts of Argo, driven as its `kubectl` plugin does: by patches of the status.

use serde_json::{Value, json};

use crate::ground::{Ground, both};
use crate::manifest::workload;

fn rollout(image: &str) -> Value {
    let mut rollout = workload("Rollout", "web", image);
    rollout["apiVersion"] = json!("argoproj.io/v1alpha1");
    rollout["spec"]["strategy"] = json!({"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}});
    rollout
}

fn is(ground: &Ground, phase: &str) {
    ground.until(phase, |ground| says(ground, "{.status.phase}") == phase);
}

fn says(ground: &Ground, path: &str) -> String {
    ground.kubectl(&format!("get rollout web -o jsonpath={path}"))
}

fn images(ground: &Ground) -> Vec<String> {
    let all = ground.kubectl("get pods -o jsonpath={.items[*].spec.containers[0].image}");
    let mut all: Vec<String> = all.split_whitespace().map(str::to_owned).collect();
    all.sort_unstable();
    all
}

#[test]
fn a_canary_stops_at_its_pause_is_aborted_and_goes_back_without_steps() {
    both("a_canary_stops_at_its_pause_is_aborted_and_goes_back_without_steps", |ground| {
        ground.apply(&rollout("shop/web:1"));
        is(ground, "Healthy");
        let stable = says(ground, "{.status.stableRS}");
        ground.apply(&rollout("shop/web:2"));
        is(ground, "Paused");
        assert_eq!(images(ground), ["shop/web:1", "shop/web:2"]);
        assert_eq!(says(ground, "{.status.pauseConditions[0].reason}"), "CanaryPauseStep");
        assert_eq!(says(ground, "{.status.stableRS}"), stable);
        ground.kubectl("patch rollout web --subresource=status --type=merge -p {\"status\":{\"abort\":true}}");
        is(ground, "Degraded");
        ground.until("stable pods only", |ground| images(ground) == ["shop/web:1", "shop/web:1"]);
        ground.apply(&rollout("shop/web:1"));
        is(ground, "Healthy");
        assert_eq!((says(ground, "{.status.stableRS}"), says(ground, "{.status.abort}")), (stable, String::new()));
    });
}

#[test]
fn a_canary_that_is_promoted_becomes_the_stable_one() {
    both("a_canary_that_is_promoted_becomes_the_stable_one", |ground| {
        ground.apply(&rollout("shop/web:1"));
        is(ground, "Healthy");
        ground.apply(&rollout("shop/web:2"));
        is(ground, "Paused");
        ground
            .kubectl("patch rollout web --subresource=status --type=merge -p {\"status\":{\"pauseConditions\":null}}");
        is(ground, "Healthy");
        assert_eq!(images(ground), ["shop/web:2", "shop/web:2"]);
        ground.apply(&rollout("shop/web:1"));
        is(ground, "Paused");
        ground.kubectl("patch rollout web --subresource=status --type=merge -p {\"status\":{\"promoteFull\":true}}");
        is(ground, "Healthy");
        assert_eq!(images(ground), ["shop/web:1", "shop/web:1"]);
    });
}
