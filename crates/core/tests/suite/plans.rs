//! What holds of every plan in every environment.

use backout_core::inventory::{Health, InstanceState, Seen, facts_digest};
use backout_core::plan::{Action, Change, Scope, StepClass, WayBack, check, difference};
use backout_core::policy::RefusalName;
use proptest::prelude::*;

use super::world::{Spec, World, at, graded, make_plan, request, requests, specs};

/// Does what the steps say, one after the other.
fn execute(world: &mut World, actions: impl IntoIterator<Item = Action>) {
    for action in actions {
        match action {
            Action::Switch(switch) => {
                switch.files.iter().for_each(|file| world.put_back(file));
                world.switch(&switch.to);
            }
            Action::RestoreFiles { files, .. } => files.iter().for_each(|file| world.put_back(file)),
            Action::Stop { service, .. } => world.stop(&service),
            Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => {}
            Action::Data(_) | Action::Flush { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn equal_input_gives_an_equal_plan(spec in specs(), request in requests()) {
        let plan = || make_plan(&request, &spec.then(), &spec.world(), &spec.depends_on());
        prop_assert_eq!(plan(), plan());
    }

    #[test]
    fn the_order_of_the_facts_does_not_matter(spec in specs()) {
        let (world, target) = (spec.world(), spec.then());
        let facts = world.facts(5);
        let backwards: Vec<_> = facts.iter().rev().cloned().collect();
        prop_assert_eq!(facts_digest(&facts), facts_digest(&backwards));
        prop_assert_eq!(difference(&target.checkpoint, &facts), difference(&target.checkpoint, &backwards));
    }

    #[test]
    fn a_plan_to_what_runs_has_no_steps(spec in specs(), request in requests()) {
        let mut spec = spec;
        spec.services.iter_mut().for_each(|service| service.ended = false);
        let here = graded(spec.checkpoint(|service| service.now, spec.files_now));
        let request = backout_core::plan::Request { scope: Scope::Stack, ..request };
        let plan = make_plan(&request, &here, &spec.world(), &spec.depends_on());
        prop_assert_eq!(&plan.steps, &Vec::new());
        prop_assert_eq!(plan.unchanged.len(), spec.services.len());
        prop_assert_eq!(plan.blocked_by.len(), 1);
        prop_assert_eq!(plan.blocked_by[0].name, RefusalName::TargetIsWhatRuns);
    }

    #[test]
    fn the_linter_finds_no_fault_in_any_plan(spec in specs(), request in requests()) {
        let plan = make_plan(&request, &spec.then(), &spec.world(), &spec.depends_on());
        prop_assert_eq!(check::check(&plan, &spec.depends_on()), Vec::new());
    }

    #[test]
    fn every_step_has_a_way_back_or_is_irreversible(spec in specs(), request in requests()) {
        let plan = make_plan(&request, &spec.then(), &spec.world(), &spec.depends_on());
        for step in &plan.steps {
            let has_none = matches!(step.way_back, WayBack::Impossible { .. });
            prop_assert_eq!(has_none, step.class == StepClass::Irreversible);
            let changes_nothing = step.way_back == WayBack::NothingToUndo;
            prop_assert_eq!(changes_nothing, step.action.is_read_only());
        }
    }

    #[test]
    fn executing_a_plan_leads_to_its_target(spec in specs(), request in requests()) {
        let request = backout_core::plan::Request { scope: Scope::Stack, ..request };
        let target = spec.then();
        let mut world = spec.world();
        let plan = make_plan(&request, &target, &world, &spec.depends_on());
        execute(&mut world, plan.steps.iter().map(|step| step.action.clone()));
        for (service, change) in difference(&target.checkpoint, &world.facts(9)) {
            prop_assert_eq!(change, Change::None, "{}", service);
        }
        for artifact in target.checkpoint.artifacts.values() {
            prop_assert!(world.is_at(artifact), "`{}` has not read a file that went back", artifact.service);
        }
    }

    #[test]
    fn a_service_that_is_unchanged_is_not_touched(spec in specs(), request in requests()) {
        let mut world = spec.world();
        let plan = make_plan(&request, &spec.then(), &world, &spec.depends_on());
        let was = world.services.clone();
        execute(&mut world, plan.steps.iter().map(|step| step.action.clone()));
        for service in &plan.unchanged {
            prop_assert_eq!(&world.services[service], &was[service]);
        }
        if let Scope::Services { services } = &plan.request.scope {
            prop_assert!(plan.changed().iter().all(|service| services.contains(service)));
        }
    }

    #[test]
    fn a_config_rollback_changes_no_version(spec in specs(), request in requests()) {
        let request = backout_core::plan::Request { scope: Scope::Config, ..request };
        let (was, mut world) = (spec.world(), spec.world());
        let plan = make_plan(&request, &spec.then(), &world, &spec.depends_on());
        execute(&mut world, plan.steps.iter().map(|step| step.action.clone()));
        for (service, live) in &was.services {
            let version = |live: &Option<super::world::Live>| live.as_ref().map(|live| live.version.clone());
            prop_assert_eq!(version(live), version(&world.services[service]));
        }
        for (i, _) in spec.services.iter().enumerate() {
            let Some(artifact) = spec.then().checkpoint.artifacts.get(&Spec::name(i)).cloned() else { continue };
            prop_assert!(artifact.files.iter().all(|file| world.is_back(file)), "a file of `{}`", Spec::name(i));
        }
    }

    #[test]
    fn the_digest_of_the_facts_does_not_depend_on_health_state_or_time(spec in specs(), second in 0..1_000i64) {
        let facts = spec.world().facts(5);
        let mut later = spec.world().facts(second);
        for fact in &mut later {
            fact.observed_at = at(second + 1);
            if let Seen::Present(running) = &mut fact.seen {
                for instance in &mut running.instances {
                    instance.health = Health::Starting;
                    instance.state = InstanceState::Restarting;
                    instance.restarts += 1;
                    instance.since = None;
                }
            }
        }
        prop_assert_eq!(facts_digest(&facts), facts_digest(&later));
    }

    #[test]
    fn the_digest_of_the_facts_depends_on_instances_versions_and_files(spec in specs()) {
        let facts = spec.world().facts(5);
        let differs = |change: &dyn Fn(&mut backout_core::inventory::Fact)| {
            let mut moved = facts.clone();
            change(&mut moved[0]);
            facts_digest(&facts) != facts_digest(&moved)
        };
        let to_unknown = differs(&|fact| fact.seen = Seen::Unknown { why: "no answer".to_owned() });
        let in_files = differs(&|fact| drop(fact.files.insert("/new".to_owned(), super::world::digest_of(9))));
        prop_assert!(to_unknown && in_files);
        if facts[0].running().is_some() {
            let first = |change: fn(&mut backout_core::inventory::Instance)| {
                differs(&|fact| {
                    if let Seen::Present(running) = &mut fact.seen {
                        change(&mut running.instances[0]);
                    }
                })
            };
            prop_assert!(first(|instance| instance.id.push('x')));
            prop_assert!(first(|instance| instance.version.code.push('x')));
            prop_assert!(first(|instance| instance.version.spec.push('x')));
            prop_assert!(differs(&|fact| fact.seen = Seen::Absent));
            let wanted = differs(&|fact| if let Seen::Present(running) = &mut fact.seen { running.wanted += 1 });
            prop_assert!(wanted);
        }
    }
}

#[test]
fn text_with_spaces_does_not_make_two_worlds_look_the_same() {
    let digest = |code: &str, spec: &str| {
        let mut world = World::default();
        world.run(&Spec::name(0), Some(super::world::Ran { version: 0, replicas: 1 }), &[]);
        let mut facts = world.facts(1);
        if let Seen::Present(running) = &mut facts[0].seen {
            running.instances[0].version =
                backout_core::inventory::Version { code: code.to_owned(), spec: spec.to_owned() };
        }
        facts_digest(&facts)
    };
    assert_ne!(digest("a b", "c"), digest("a", "b c"));
}

#[test]
fn an_estimate_needs_every_changing_step_and_no_other() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let spec = proptest::strategy::ValueTree::current(&specs().new_tree(&mut runner).unwrap());
    let mut plan = make_plan(&request(), &spec.then(), &spec.world(), &spec.depends_on());
    assert!(plan.steps.iter().any(|step| !step.action.is_read_only()), "the drawn plan changes something");
    assert_eq!(plan.estimate_ms(), None);
    let changing = plan.steps.iter_mut().filter(|step| !step.action.is_read_only());
    let count = changing.map(|step| step.estimate_ms = Some(1_500)).count();
    assert_eq!(plan.estimate_ms(), Some(1_500 * u64::try_from(count).unwrap()));
}
