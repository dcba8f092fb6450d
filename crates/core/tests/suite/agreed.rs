//! What makes a plan another one than was agreed to, and what does not.

use std::collections::BTreeMap;

use backout_core::data::Level;
use backout_core::inventory::{Fact, Graded, Health, InstanceState, Running, Seen};
use backout_core::plan::data::DataSituation;
use backout_core::plan::{Agreed, DataWish, Estimates, Plan, Request, Scope, Situation, plan, safety};
use backout_core::policy::RefusalName;
use backout_core::port::Preflight;

use super::world::{
    Ran, ServiceSpec, Shop, Spec, at, digest_of, environment, estimate, main_database, name, request, schema,
};

/// What a plan is made of, to be changed.
#[derive(Clone)]
struct Given {
    request: Request,
    target: Graded,
    facts: Vec<Fact>,
    shop: Shop,
    suffix: &'static str,
    estimates: Estimates,
    second: i64,
}

/// Two services that go back from version 1 to version 0, and a database that goes with them and loses rows.
fn given() -> Given {
    let service = ServiceSpec {
        needs: 0,
        now: Some(Ran { version: 1, replicas: 2 }),
        then: Some(Ran { version: 0, replicas: 2 }),
        files: 1,
        restarts: 0,
        can_start_first: true,
        platform: 0,
        ended: false,
    };
    let services = vec![service.clone(), ServiceSpec { files: 0, ..service }];
    let spec = Spec { services, files_now: [Some(1), None, None], files_then: [Some(0), None, None] };
    let mut shop = Shop::migrated();
    shop.estimate = Ok(estimate(3));
    let data = DataWish { accept_loss: Some(100), ..DataWish::default() };
    Given {
        request: Request { data: Box::new(data), ..request() },
        target: spec.then(),
        facts: spec.world().facts(5),
        shop,
        suffix: "20261121_1",
        estimates: Estimates::default(),
        second: 6,
    }
}

fn plan_of(given: &Given) -> Plan {
    let preflight = given.target.checkpoint.artifacts.keys().map(|name| (name.clone(), Preflight::Present)).collect();
    let database = DataSituation { suffix: given.suffix, ..given.shop.situation() };
    let situation = Situation {
        environment: &environment(),
        depends_on: &BTreeMap::new(),
        facts: &given.facts,
        preflight: &preflight,
        unlike: &BTreeMap::new(),
        databases: &[(main_database(), database)].into(),
        caches: &BTreeMap::new(),
        estimates: &given.estimates,
        attempts: 2,
        suspect: &BTreeMap::new(),
        arrived_at: None,
        held_back: &[],
        target_failed: None,
        now: at(given.second),
    };
    plan(&given.request, &given.target, &situation)
}

fn running(fact: &mut Fact) -> &mut Running {
    match &mut fact.seen {
        Seen::Present(running) => running,
        other => panic!("{other:?}"),
    }
}

/// What moves, in words, and how.
type Move = (&'static str, &'static dyn Fn(&mut Given));

/// Whether the plan that follows from the moved world is the one that was agreed to, and what is said.
fn moved(base: &Given, change: &dyn Fn(&mut Given)) -> (bool, String) {
    let agreed = Agreed::of(&plan_of(base));
    let mut later = base.clone();
    change(&mut later);
    let plan = plan_of(&later);
    let differences = agreed.differences(&Agreed::of(&plan));
    let refusal = safety::stale_plan(&agreed, &plan);
    assert_eq!(refusal.is_some(), !differences.is_empty(), "{differences:?}");
    assert!(refusal.iter().all(|refusal| refusal.name == RefusalName::StaleFacts));
    (refusal.is_none(), refusal.map(|refusal| refusal.what).unwrap_or_default())
}

const WITHOUT_MEANING: [Move; 12] = [
    ("times", &|given| {
        given.second += 1_000;
        given.facts.iter_mut().for_each(|fact| fact.observed_at = at(900));
    }),
    ("estimates", &|given| given.estimates.remember("switch", Some(&name("f")), 7_000)),
    ("names and ids of instances", &|given| {
        for instance in &mut running(&mut given.facts[1]).instances {
            instance.id.push_str("-other");
            instance.name.push_str("-other");
        }
    }),
    ("restarts", &|given| running(&mut given.facts[1]).instances[0].restarts += 4),
    ("health", &|given| {
        for instance in &mut running(&mut given.facts[1]).instances {
            instance.health = Health::Unhealthy;
            instance.state = InstanceState::Restarting;
        }
    }),
    ("how many instances of the bad version", &|given| {
        running(&mut given.facts[1]).instances.pop();
        running(&mut given.facts[1]).wanted = 1;
    }),
    ("the label of the same version", &|given| running(&mut given.facts[1]).label.push_str(" (retagged)")),
    ("more rows at stake", &|given| given.shop.estimate = Ok(estimate(9))),
    ("the size of the database", &|given| given.shop.state().bytes += 4_096),
    ("minted names", &|given| given.suffix = "20261121_2"),
    ("how far the restore point is verified", &|given| {
        if let Some(point) = &mut given.shop.point {
            point.verified = Some(Level::V3);
        }
    }),
    ("who approved", &|given| given.request.data.approved_by.extend(["ada".to_owned()])),
];

/// The same, and what is said of it.
type Told = (&'static str, &'static dyn Fn(&mut Given), &'static str);

const WITH_MEANING: [Told; 9] = [
    (
        "a version",
        &|given| running(&mut given.facts[1]).instances.iter_mut().for_each(|i| i.version.code = "v9".to_owned()),
        "`f`: ",
    ),
    ("a setting", &|given| running(&mut given.facts[0]).instances[0].version.spec = "other".to_owned(), "`b`: "),
    ("a service that is gone", &|given| given.facts[0].seen = Seen::Absent, "-> is not there"),
    (
        "a file",
        &|given| given.facts[1].files.values_mut().for_each(|file| *file = digest_of(9)),
        "file `/etc/shop/a` of `f`: content",
    ),
    (
        "a service that is back already",
        &|given| running(&mut given.facts[0]).instances.iter_mut().for_each(|i| i.version.code = "v0".to_owned()),
        "step to switch `b` to shop:0: planned -> none",
    ),
    ("a schema", &|given| given.shop.state().schema = schema(&["id", "more"]), "database `main`: `shop` with schema"),
    ("the database that the name stands for", &|given| given.shop.state().oid += 1, "and not as it was"),
    ("no row at stake any more", &|given| given.shop.estimate = Ok(estimate(0)), "way back of database `main`"),
    (
        "the target",
        &|given| given.target.checkpoint.id = backout_core::id::CheckpointId::new("cp-newer").unwrap(),
        "target: `cp-then` -> `cp-newer`",
    ),
];

#[test]
fn what_changes_by_itself_leaves_a_plan_as_it_was_agreed_to() {
    for (what, change) in WITHOUT_MEANING {
        assert_eq!(moved(&given(), change), (true, String::new()), "{what}");
    }
}

#[test]
fn what_means_something_makes_another_plan_and_is_said() {
    for (what, change, said) in WITH_MEANING {
        let (is_same, why) = moved(&given(), change);
        assert!(!is_same && why.contains(said), "{what}: {why}");
    }
}

#[test]
fn the_database_of_this_table_goes_back_with_minted_names() {
    let plan = plan_of(&given());
    assert_eq!(plan.blocked_by, []);
    assert!(serde_json::to_string(&plan.steps).unwrap().contains("20261121_1"), "{:#?}", plan.steps);
}

#[test]
fn services_out_of_scope_may_move() {
    let mut base = given();
    base.request.scope = Scope::Services { services: [name("f")].into() };
    let other = |given: &mut Given| running(&mut given.facts[0]).instances[0].version.code = "v9".to_owned();
    assert_eq!(moved(&base, &other), (true, String::new()));
    let own = |given: &mut Given| running(&mut given.facts[1]).instances[0].version.code = "v9".to_owned();
    assert!(!moved(&base, &own).0);
}

#[test]
fn a_plan_that_was_written_and_read_means_the_same() {
    let plan = plan_of(&given());
    let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(Agreed::of(&read), Agreed::of(&plan));
}

#[test]
fn many_changes_are_told_shortly() {
    let agreed = Agreed::of(&plan_of(&given()));
    let mut plan = plan_of(&given());
    let point = plan.made_from.values().next().unwrap().clone();
    plan.made_from.extend((0..20).map(|n| (format!("`more-{n:02}`"), point.clone())));
    let what = safety::stale_plan(&agreed, &plan).unwrap().what;
    assert!(what.contains("`more-07`") && !what.contains("`more-08`") && what.ends_with("and 12 more"), "{what}");
}
