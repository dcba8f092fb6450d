//! A run that is killed at any record, before or after the act which that record announces, and resumed, ends as the
//! undisturbed one does, and nothing that is not idempotent is done twice.

use backout_core::journal::{Body, Means, RunKind, RunResult};
use backout_core::plan::Request;
use backout_core::run::{Phase, Run};
use proptest::prelude::*;

use super::world::{BAD, Crash, Drove, Script, Sim, Spec, request, requests, rollback, specs, started};

fn scripts() -> impl Strategy<Value = Script> {
    let times = prop_oneof![Just(1u32), Just(u32::MAX)];
    let failing = proptest::collection::btree_map(0..6usize, (times, any::<bool>()), 0..3);
    let means = (1..4u32, any::<bool>(), any::<bool>());
    let means = means.prop_map(|(attempts, plan_b, maintenance)| Means { attempts, plan_b, maintenance });
    (failing, any::<bool>(), means).prop_map(|(failing, undo_fails, means)| Script {
        means,
        failing: failing.into_iter().map(|(i, how)| (Spec::name(i), how)).collect(),
        undo_fails,
        ..Script::default()
    })
}

fn crashes(records: usize) -> impl Iterator<Item = Crash> {
    (1..=records).flat_map(|records| [false, true].map(|is_act_done| Crash { records, is_act_done }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_rollback_resumed_from_any_record_ends_like_the_undisturbed_one(
        spec in specs(), request in requests(), script in scripts(),
    ) {
        let mut undisturbed = Sim::new(&spec, script.clone(), None);
        let end = undisturbed.begin(rollback(request.clone()));
        prop_assert_eq!(&undisturbed.faults, &Vec::<String>::new());
        for crash in crashes(undisturbed.journal.len()) {
            let mut sim = Sim::new(&spec, script.clone(), Some(crash));
            sim.begin(rollback(request.clone()));
            let resumed = sim.resume();
            prop_assert_eq!(&resumed, &end, "{:?}", crash);
            prop_assert_eq!(&sim.world, &undisturbed.world, "{:?}", crash);
            prop_assert_eq!(&sim.faults, &Vec::<String>::new(), "{:?}", crash);
        }
    }

    #[test]
    fn a_guard_resumed_after_its_deploy_began_ends_like_the_undisturbed_one(
        spec in specs(), script in scripts(), deployed in 0..6usize, code in 0..2i32,
    ) {
        let (spec, script) = guarded(spec, script, deployed, code);
        let mut undisturbed = Sim::new(&spec, script.clone(), None);
        let end = undisturbed.begin(guard());
        for crash in crashes(undisturbed.journal.len()) {
            let mut sim = Sim::new(&spec, script.clone(), Some(crash));
            sim.begin(guard());
            let phase = Run::replay(&sim.journal).unwrap().state().phase;
            let deploys = sim.deploys;
            let resumed = sim.resume();
            prop_assert_eq!(sim.deploys, deploys, "a resumed run starts no deploy");
            match phase {
                Phase::Started | Phase::Looked | Phase::Captured | Phase::Ready | Phase::Armed => {
                    prop_assert_eq!(resumed, Drove::Ended(RunResult::Aborted));
                    prop_assert_eq!(deploys, 0);
                    prop_assert_eq!(&sim.world, &spec.world());
                }
                Phase::DeployIntended if deploys == 0 => {
                    prop_assert_eq!(&sim.world, &spec.world());
                    // Nobody knows whether the command runs, so what is there is watched, and stays.
                    let is_left = matches!(
                        resumed,
                        Drove::Ended(RunResult::Kept | RunResult::KeptUnproven | RunResult::Held)
                    );
                    prop_assert!(is_left, "{:?}", resumed);
                }
                _ => {
                    prop_assert_eq!(&resumed, &end, "{:?}", crash);
                    prop_assert_eq!(&sim.world, &undisturbed.world, "{:?}", crash);
                }
            }
            prop_assert_eq!(&sim.faults, &Vec::<String>::new(), "{:?}", crash);
        }
    }

    #[test]
    fn a_rollback_killed_again_and_again_still_ends_like_the_undisturbed_one(
        spec in specs(), kills in proptest::collection::vec((1..5usize, any::<bool>()), 1..4),
    ) {
        let mut undisturbed = Sim::new(&spec, Script::default(), None);
        let end = undisturbed.begin(rollback(request()));
        let first = Crash { records: 8, is_act_done: true };
        let mut sim = Sim::new(&spec, Script::default(), Some(first));
        sim.begin(rollback(request()));
        for (records, is_act_done) in kills {
            sim.resume_until(Crash { records, is_act_done });
        }
        let resumed = sim.resume();
        prop_assert_eq!(resumed, end);
        prop_assert_eq!(&sim.world, &undisturbed.world);
        prop_assert_eq!(&sim.faults, &Vec::<String>::new());
    }
}

fn guard() -> backout_core::journal::RunStarted {
    started(RunKind::Guard { command: vec!["deploy".to_owned()] }, Request::automatic())
}

/// A world that is well and is what the target has, into which a deploy puts something that changes it. A deploy that fails
/// leaves something bad, so that one whose exit nobody saw is judged the same.
fn guarded(mut spec: Spec, mut script: Script, deployed: usize, code: i32) -> (Spec, Script) {
    spec.files_then = spec.files_now;
    for service in &mut spec.services {
        service.ended = false;
        service.now = service.now.map(|mut ran| {
            ran.version %= 2;
            ran
        });
        service.then = service.now;
    }
    let i = deployed % spec.services.len();
    let ran = spec.services[i].now.get_or_insert(super::world::Ran { version: 0, replicas: 1 });
    spec.services[i].then = Some(*ran);
    script.deployed = vec![(Spec::name(i), if code == 0 && deployed.is_multiple_of(2) { 2 } else { BAD })];
    script.code = code;
    (spec, script)
}

#[test]
fn the_guarded_worlds_end_in_every_way_that_the_test_is_about() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let inputs = (specs(), scripts(), 0..6usize, 0..2i32).new_tree(&mut runner).unwrap().current();
        let (spec, script) = guarded(inputs.0, inputs.1, inputs.2, inputs.3);
        let mut sim = Sim::new(&spec, script, None);
        if let Drove::Ended(result) = sim.begin(guard()) {
            seen.insert(format!("{result:?}"));
        }
        assert!(matches!(sim.journal.last().unwrap().body, Body::RunEnded { .. }));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["Kept", "NotVerified", "RolledBack"]);
}
