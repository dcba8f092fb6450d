//! The ladder: which rung a database takes, why not a cheaper one, and what stands in the way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use backout_core::config::{Backup, Cache, Database, Flush, Objectives, Recovery, SecretOrText, Sensitive};
use backout_core::data::{
    DataAct, DatabaseSeen, LogicalSlot, ObjectName, Obstacle, PointKind, Preserve, RecoveryTarget, RestoreSource, Rung,
};
use backout_core::id::StepId;
use backout_core::inventory::{Grade, Graded};
use backout_core::plan::check::Fault;
use backout_core::plan::data::{facts_digest, may_go_back};
use backout_core::plan::{
    Action, DataWish, Estimates, Mode, Plan, Request, Scope, StepClass, Work, check, choose_target, explain, safety,
};
use backout_core::policy::{Check, RefusalName, Verdict};
use backout_core::port::Preflight;
use backout_core::report::{Scope as Measured, agreed_for, scope_of};
use proptest::prelude::*;

use super::world::{
    Ran, ServiceSpec, Shop, Spec, at, backups, environment, estimate, ledger, main_database, name, orders, plan_after,
    plan_with, request, requests, restore_point, revision, schema, specs,
};

/// One service that goes from version 1 to version 0.
fn one_service() -> Spec {
    let service = ServiceSpec {
        needs: 0,
        now: Some(Ran { version: 1, replicas: 1 }),
        then: Some(Ran { version: 0, replicas: 1 }),
        files: 0,
        restarts: 0,
        can_start_first: true,
        platform: 0,
        ended: false,
    };
    Spec { services: vec![service], files_now: [None; 3], files_then: [None; 3] }
}

fn caches() -> BTreeMap<String, Cache> {
    let cache = |flush| Cache { redis: SecretOrText::Text(Sensitive::new("redis://r".to_owned())), flush };
    [("kept".to_owned(), cache(Flush::Nothing)), ("sessions".to_owned(), cache(Flush::Database))].into()
}

fn plan_of(shop: &Shop, spec: &Spec, request: &Request) -> Plan {
    let databases = [(main_database(), shop.situation())].into();
    let depends_on = spec.depends_on();
    let plan = plan_with(request, &spec.then(), &spec.world(), &depends_on, (&databases, &caches()));
    assert_eq!(check::check(&plan, &depends_on), []);
    plan
}

fn asking(wish: DataWish) -> Request {
    Request { data: Box::new(wish), ..request() }
}

fn damaged() -> DataWish {
    DataWish { damaged: [main_database()].into(), ..DataWish::default() }
}

fn climb(shop: &Shop, request: &Request) -> Plan {
    plan_of(shop, &one_service(), request)
}

fn climb_after(seen: &Estimates, shop: &Shop, request: &Request) -> Plan {
    let spec = one_service();
    let databases = [(main_database(), shop.situation())].into();
    plan_after(seen, request, (&spec.then(), &spec.world()), &spec.depends_on(), (&databases, &caches()))
}

fn rung(plan: &Plan) -> Rung {
    plan.data[0].rung
}

fn names(plan: &Plan) -> Vec<RefusalName> {
    plan.blocked_by.iter().map(|refusal| refusal.name).collect()
}

fn kinds(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().map(|step| step.action.kind()).collect()
}

fn why_not(plan: &Plan, rung: Rung) -> &str {
    &plan.data[0].not_cheaper.iter().find(|rejected| rejected.rung == rung).unwrap().why
}

fn has_data_steps(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.action, Action::Data(_)))
}

fn unsound(mut shop: Shop, verdict: Verdict) -> Shop {
    let check = Check {
        name: "balances".to_owned(),
        verdict,
        what: "false".to_owned(),
        was_red_before: false,
        is_advisory: false,
    };
    shop.state().integrity.push(check);
    shop
}

#[test]
fn data_stays_where_the_release_of_then_can_run_on_it() {
    let plan = climb(&Shop::unchanged(), &request());
    assert_eq!((rung(&plan), plan.data[0].downtime_ms, names(&plan)), (Rung::CodeOnly, Some(0), vec![]));
    assert_eq!(kinds(&plan), ["keep_evidence", "switch", "await_healthy", "flush"]);
    assert!(
        plan.reasons.contains(&"the data of `main` stays: the schema is what it was".to_owned()),
        "{:?}",
        plan.reasons
    );
    let mut grown = Shop::unchanged();
    grown.state().schema = schema(&["id", "note", "price"]);
    assert_eq!(rung(&climb(&grown, &request())), Rung::CodeOnly);
}

#[test]
fn a_migration_with_a_way_back_is_undone_before_anything_is_switched() {
    let plan = climb(&Shop::migrated().with_django(), &request());
    assert_eq!((rung(&plan), names(&plan)), (Rung::ReverseMigrations, vec![]));
    assert_eq!(kinds(&plan), ["keep_evidence", "reverse_migrations", "switch", "await_healthy", "flush"]);
    let Action::Data(step) = &plan.steps[1].action else { panic!() };
    assert!(step.fences.is_empty());
    let DataAct::ReverseMigrations { undo, target, kept_in, .. } = &step.act else { panic!() };
    assert_eq!(
        (undo.as_slice(), target.as_slice()),
        ([revision("shop.0002")].as_slice(), [revision("shop.0001")].as_slice())
    );
    assert_eq!(kept_in, "_backout_run1");
    assert!(plan.data[0].loss.is_none());
    assert!(why_not(&plan, Rung::CodeOnly).contains("price"), "{:?}", plan.data);
    assert_eq!(why_not(&plan, Rung::SoftRestore), "nothing was soft-dropped");
}

#[test]
fn a_migration_without_a_way_back_takes_the_whole_database_back_beside() {
    let mut shop = Shop::migrated().with_django();
    shop.migrations.as_mut().unwrap().as_mut().unwrap().migrations[1].has_inverse = Some(false);
    let plan = climb(&shop, &request());
    assert_eq!((rung(&plan), names(&plan), plan.data[0].downtime_ms), (Rung::SideBySide, vec![], Some(150)));
    assert_eq!(why_not(&plan, Rung::ReverseMigrations), "migration `shop.0002` has no way back of its own");
    assert!(why_not(&plan, Rung::Tables).contains("only where it is asked for"));
    let expected =
        ["keep_evidence", "restore_beside", "swap_database", "switch", "await_healthy", "flush", "report_loss"];
    assert_eq!(kinds(&plan), expected);
    let Action::Data(swap) = &plan.steps[2].action else { panic!() };
    assert_eq!(swap.fences.iter().map(|fence| fence.service.as_str()).collect::<Vec<_>>(), [Spec::name(0).as_str()]);
    let DataAct::Swap { live, copy, aside, .. } = &swap.act else { panic!() };
    assert_eq!((live.as_str(), copy.as_str(), aside.as_str()), ("shop", "shop_rb_run1", "shop_damaged_run1"));
    let texts: Vec<String> = plan.steps.iter().map(|step| explain::action(&step.action)).collect();
    insta::assert_snapshot!(texts.join("\n"));
    insta::assert_snapshot!(plan.reasons.join("\n"));
}

#[test]
fn why_migrations_cannot_be_undone_is_said() {
    let reverse = |change: &dyn Fn(&mut Shop)| {
        let mut shop = Shop::migrated().with_django();
        change(&mut shop);
        why_not(&climb(&shop, &request()), Rung::ReverseMigrations).to_owned()
    };
    assert_eq!(reverse(&|shop| shop.configured.migrations = None), "no migration tool is configured");
    assert_eq!(reverse(&|shop| shop.migrations = Ok(None)), "the release that runs has no migrations");
    assert!(
        reverse(&|shop| shop.migrations = Err("no container".to_owned())).ends_with("could not be read: no container")
    );
    assert!(reverse(&|shop| shop.state().ledgers.clear()).contains("does not say what django has applied"));
    let same = reverse(&|shop| shop.state().ledgers = vec![ledger(&["shop.0001"])]);
    assert!(same.contains("no migration was applied since"), "{same}");
    assert!(reverse(&|shop| shop.state().ledgers[0].is_dirty = true).contains("half-way"));
}

#[test]
fn what_was_soft_dropped_is_renamed_back_where_that_is_enough() {
    let mut shop = Shop::migrated();
    shop.state().schema = schema(&["_rb1_price", "id"]);
    let kept = Preserve::Column {
        table: orders(),
        column: "price".to_owned(),
        kept_as: ObjectName::new("public", "_rb1_price"),
    };
    shop.state().soft_dropped = vec![kept.clone()];
    let plan = climb(&shop, &request());
    assert_eq!((rung(&plan), names(&plan)), (Rung::SoftRestore, vec![]));
    assert!(
        matches!(&plan.steps[1].action, Action::Data(step) if step.act == DataAct::SoftRestore { objects: vec![kept] })
    );
    shop.schema_then = Some(schema(&["gone", "id", "price"]));
    shop.then.as_mut().unwrap().schema_digest = schema(&["gone", "id", "price"]).digest();
    shop.manifest.as_mut().unwrap().schema = schema(&["gone", "id", "price"]);
    let plan = climb(&shop, &request());
    assert_eq!(rung(&plan), Rung::SideBySide);
    assert!(why_not(&plan, Rung::SoftRestore).contains("gone"));
}

#[test]
fn rows_that_are_damaged_take_the_whole_database_back() {
    for (shop, request) in [
        (Shop::unchanged(), asking(damaged())),
        (unsound(Shop::unchanged(), Verdict::Unhealthy), request()),
        (Shop::migrated().with_django(), asking(damaged())),
    ] {
        let plan = climb(&shop, &request);
        assert_eq!((rung(&plan), names(&plan)), (Rung::SideBySide, vec![]));
        assert_eq!(why_not(&plan, Rung::ReverseMigrations), "it does not mend rows");
    }
    let unmeasured = climb(&unsound(Shop::unchanged(), Verdict::Unmeasurable), &request());
    assert_eq!(rung(&unmeasured), Rung::CodeOnly);
}

#[test]
fn rows_and_tables_are_touched_only_where_it_is_asked_for() {
    let wish = DataWish { rung: Some(Rung::UndoRows), ..damaged() };
    let mut shop = Shop::unchanged();
    shop.estimate = Ok(estimate(3));
    let plan = climb(&shop, &asking(DataWish { accept_loss: Some(3), ..wish.clone() }));
    assert_eq!((rung(&plan), names(&plan)), (Rung::UndoRows, vec![]));
    assert_eq!(kinds(&plan)[1..4], ["restore_beside", "undo_rows", "drop_copy"]);
    let wish = DataWish { tables: ["orders".to_owned()].into(), accept_loss: Some(3), ..damaged() };
    let plan = climb(&shop, &asking(wish.clone()));
    assert_eq!((rung(&plan), names(&plan)), (Rung::Tables, vec![]));
    assert_eq!(kinds(&plan)[1..4], ["restore_beside", "replace_tables", "drop_copy"]);
    let unknown = DataWish { tables: ["oders".to_owned()].into(), ..wish.clone() };
    let plan = climb(&shop, &asking(unknown));
    assert_eq!(names(&plan), [RefusalName::NoWayBack]);
    assert!(plan.blocked_by[0].what.contains("has no table `oders`"));
    assert_eq!(names(&climb(&Shop::migrated(), &asking(wish))), [RefusalName::NoWayBack]);
}

#[test]
fn a_table_without_a_key_cannot_have_its_rows_undone() {
    let mut shop = Shop::unchanged();
    shop.manifest.as_mut().unwrap().tables[0].key.clear();
    shop.estimate = Ok(estimate(3));
    let plan = climb(&shop, &asking(DataWish { rung: Some(Rung::UndoRows), ..damaged() }));
    assert_eq!(names(&plan), [RefusalName::NoWayBack]);
    assert!(plan.blocked_by[0].what.contains("no primary key"));
}

#[test]
fn a_moment_is_recovered_from_the_log() {
    let recovery = Recovery::PgBackRest { stanza: "main".to_owned(), config: None };
    let mut shop = Shop::unchanged();
    shop.configured.recovery = Some(recovery);
    let moment = RecoveryTarget::Time { at: at(3) };
    let plan = climb(&shop, &asking(DataWish { moment: Some(moment.clone()), ..damaged() }));
    assert_eq!((rung(&plan), names(&plan)), (Rung::PointInTime, vec![RefusalName::LossNotAccepted]));
    let Action::Data(step) = &plan.steps[1].action else { panic!() };
    let DataAct::RestoreBeside { source, .. } = &step.act else { panic!() };
    assert_eq!(*source, RestoreSource::Log { target: moment, point: None });
    assert!(plan.data[0].loss.as_ref().unwrap().unknown.is_some());
    let point = shop.point.as_mut().unwrap();
    (point.kind, point.restore_name) = (PointKind::Physical, Some("rb".to_owned()));
    let plan = climb(&shop, &asking(damaged()));
    assert_eq!((rung(&plan), names(&plan)), (Rung::PointInTime, vec![]));
    assert!(why_not(&plan, Rung::SideBySide).contains("not a dump"));
    shop.point = None;
    shop.manifest = None;
    let plan = climb(&shop, &asking(damaged()));
    assert_eq!(rung(&plan), Rung::PointInTime);
    shop.configured.recovery = None;
    assert_eq!(names(&climb(&shop, &asking(damaged()))), [RefusalName::BackupGone]);
}

#[test]
fn a_database_is_dropped_only_where_that_is_asked_for_by_name() {
    let in_place = asking(DataWish { rung: Some(Rung::InPlace), ..damaged() });
    let plan = climb(&Shop::unchanged(), &in_place);
    assert_eq!(rung(&plan), Rung::InPlace);
    let step = plan.steps.iter().find(|step| step.action.kind() == "restore_in_place").unwrap();
    assert_eq!(step.class, StepClass::Irreversible);
    let Action::Data(data) = &step.action else { panic!() };
    assert_eq!(data.fences.len(), 1);
}

#[test]
fn a_database_is_dumped_as_it_is_before_it_is_dropped_unless_somebody_gives_it_up() {
    let in_place = asking(DataWish { rung: Some(Rung::InPlace), ..damaged() });
    let given_up = Request { forced: [RefusalName::DamagedNotKept].into(), ..in_place.clone() };
    let mut shop = Shop::unchanged();
    let nowhere = climb(&shop, &in_place);
    assert_eq!(names(&nowhere), [RefusalName::DamagedNotKept]);
    assert!(nowhere.blocked_by[0].what.contains("no place"), "{:?}", nowhere.blocked_by);
    assert_eq!(names(&climb(&shop, &given_up)), []);

    shop.configured.backup = Some(backups());
    let plan = climb(&shop, &in_place);
    assert_eq!(names(&plan), []);
    let kept = plan.steps.iter().position(|step| step.action.kind() == "keep_dump").unwrap();
    assert_eq!(plan.steps[kept + 1].action.kind(), "restore_in_place");
    let Action::Data(data) = &plan.steps[kept].action else { panic!() };
    assert_eq!(data.fences.len(), 1, "nobody writes between the dump and the end of what is dumped");
    assert_eq!(
        explain::action(&plan.steps[kept].action),
        "take a restore point of `main` as it is, while `f` is stopped"
    );
    let plan = climb(&shop, &given_up);
    let overridden: Vec<RefusalName> = plan.overridden.iter().map(|refusal| refusal.name).collect();
    assert_eq!((names(&plan), overridden), (vec![], vec![RefusalName::DamagedNotKept]));
    assert!(!kinds(&plan).contains(&"keep_dump"), "{:?}", kinds(&plan));
}

#[test]
fn a_database_is_dumped_before_it_is_changed_where_the_configuration_wants_that() {
    let wanting = || {
        let mut shop = Shop::migrated().with_django();
        shop.configured.backup = Some(Backup { before_rollback: true, ..backups() });
        shop
    };
    let plan = climb(&wanting(), &request());
    assert_eq!((rung(&plan), names(&plan)), (Rung::ReverseMigrations, vec![]));
    let kinds_of = |plan: &Plan| kinds(plan)[..3].to_vec();
    assert_eq!(kinds_of(&plan), ["keep_evidence", "keep_dump", "reverse_migrations"]);
    let in_a_hurry = Request { mode: Mode::Emergency, ..request() };
    assert!(!kinds(&climb(&wanting(), &in_a_hurry)).contains(&"keep_dump"));
    let waived = Request { forced: [RefusalName::DamagedNotKept].into(), ..request() };
    assert!(!kinds(&climb(&wanting(), &waived)).contains(&"keep_dump"));
    let swapped = climb(&wanting(), &asking(DataWish { rung: Some(Rung::SideBySide), ..damaged() }));
    assert!(!kinds(&swapped).contains(&"keep_dump"), "it is kept as it is: {:?}", kinds(&swapped));
    let plain = Shop { configured: Database { backup: Some(backups()), ..wanting().configured }, ..wanting() };
    assert!(!kinds(&climb(&plain, &request())).contains(&"keep_dump"));
}

#[test]
fn a_restore_point_that_nobody_can_rely_on_is_no_way_back() {
    let refused = |change: &dyn Fn(&mut Shop)| {
        let mut shop = Shop::unchanged();
        change(&mut shop);
        let plan = climb(&shop, &asking(damaged()));
        assert_eq!(names(&plan), [RefusalName::BackupGone]);
        assert!(!has_data_steps(&plan));
        plan.blocked_by[0].what.clone()
    };
    assert!(refused(&|shop| shop.point = None).contains("there is no restore point"));
    assert!(refused(&|shop| shop.manifest = None).contains("manifest"));
    assert!(refused(&|shop| shop.point.as_mut().unwrap().verified = None).contains("never verified"));
    assert!(refused(&|shop| shop.is_stored = Preflight::Gone { why: "404".to_owned() }).contains("gone: 404"));
    assert!(refused(&|shop| shop.is_stored = Preflight::Unknown { why: "403".to_owned() }).contains("unknown: 403"));
}

#[test]
fn code_alone_does_not_go_onto_a_schema_that_it_cannot_run_on() {
    let asked =
        climb(&Shop::migrated().with_django(), &asking(DataWish { rung: Some(Rung::CodeOnly), ..DataWish::default() }));
    assert_eq!((rung(&asked), names(&asked)), (Rung::CodeOnly, vec![RefusalName::SchemaIncompatible]));
    let mut shop = Shop::migrated();
    shop.point = None;
    let plan = climb(&shop, &request());
    assert_eq!((names(&plan), has_data_steps(&plan)), (vec![RefusalName::SchemaIncompatible], false));
    assert!(plan.blocked_by[0].what.contains("there is no restore point"), "{}", plan.blocked_by[0].what);
    let forced = Request { forced: [RefusalName::SchemaIncompatible].into(), ..request() };
    assert_eq!(names(&climb(&shop, &forced)), []);
}

#[test]
fn a_schema_of_which_nothing_is_known_holds() {
    let mut shop = Shop::migrated().with_django();
    shop.then = None;
    shop.schema_then = None;
    let plan = climb(&shop, &request());
    assert_eq!((rung(&plan), names(&plan)), (Rung::CodeOnly, vec![RefusalName::SchemaUnknown]));
    let forced = Request { forced: [RefusalName::SchemaUnknown].into(), ..request() };
    assert_eq!(names(&climb(&shop, &forced)), []);
    let mut dirty = Shop::unchanged();
    dirty.state().ledgers[0].is_dirty = true;
    assert_eq!(names(&climb(&dirty, &request())), [RefusalName::SchemaUnknown]);
    let side = DataWish { rung: Some(Rung::SideBySide), ..DataWish::default() };
    assert_eq!(
        (rung(&climb(&dirty, &asking(side.clone()))), names(&climb(&dirty, &asking(side)))),
        (Rung::SideBySide, vec![])
    );
}

#[test]
fn an_automatic_run_takes_data_only_where_it_may() {
    let mut shop = Shop::migrated();
    shop.estimate = Ok(estimate(7));
    assert_eq!(
        names(&climb(&shop, &Request::automatic())),
        [RefusalName::DataNeedsPerson, RefusalName::LossNotAccepted]
    );
    shop.configured.automatic = true;
    let plan = climb(&shop, &Request::automatic());
    assert_eq!(names(&plan), []);
    assert!(plan.reasons.iter().any(|reason| reason.contains("`automatic: true` of `main` accepts")));
}

#[test]
fn rows_are_lost_only_where_so_many_were_accepted() {
    let mut shop = Shop::migrated();
    shop.estimate = Ok(estimate(7));
    let accepting = |rows| climb(&shop, &asking(DataWish { accept_loss: rows, ..DataWish::default() }));
    for rows in [None, Some(0), Some(6)] {
        let plan = accepting(rows);
        assert_eq!(names(&plan), [RefusalName::LossNotAccepted]);
        assert!(plan.blocked_by[0].hint.contains("`--accept-loss 7`"));
        assert_eq!(plan.data[0].loss.as_ref().unwrap().rows(), 7);
    }
    assert_eq!((names(&accepting(Some(7))), names(&accepting(Some(8)))), (vec![], vec![]));
    shop.estimate = Err("timed out".to_owned());
    let unknown = climb(&shop, &asking(DataWish { accept_loss: Some(u64::MAX), ..DataWish::default() }));
    assert_eq!(names(&unknown), [RefusalName::LossNotAccepted]);
    let forced = Request { forced: [RefusalName::LossNotAccepted].into(), ..request() };
    assert_eq!(names(&climb(&shop, &forced)), []);
}

#[test]
fn slots_of_others_are_given_up_only_where_that_is_said() {
    let slot = |name: &str| LogicalSlot { name: name.to_owned(), plugin: "pgoutput".to_owned(), is_active: true };
    let mut shop = Shop::migrated();
    shop.readiness.as_mut().unwrap().slots = vec![slot("backout_bk_1")];
    assert_eq!(names(&climb(&shop, &request())), []);
    shop.readiness.as_mut().unwrap().slots.push(slot("cdc"));
    let plan = climb(&shop, &request());
    assert_eq!(names(&plan), [RefusalName::SlotsInTheWay]);
    assert!(plan.blocked_by[0].what.contains("`cdc` (pgoutput)") && plan.blocked_by[0].hint.contains("--break-slots"));
    let broken = climb(&shop, &asking(DataWish { breaks_slots: true, ..DataWish::default() }));
    assert_eq!(names(&broken), []);
    assert!(broken.steps.iter().any(|step| matches!(&step.action, Action::Data(data)
        if matches!(data.act, DataAct::Swap { breaks_slots: true, .. }))));
    assert_eq!(names(&climb(&shop.with_django(), &request())), [], "migrations leave the database in its place");
}

#[test]
fn what_blocks_a_swap_does_not_block_what_needs_none() {
    let obstacle = |name: &str, blocks| Obstacle {
        name: name.to_owned(),
        what: format!("{name} is there"),
        hint: String::new(),
        blocks,
    };
    let with = |name: &str, blocks| {
        let mut shop = Shop::migrated();
        shop.readiness.as_mut().unwrap().obstacles = vec![obstacle(name, blocks)];
        shop
    };
    for name in ["prepared-transaction", "no-terminate", "no-create", "no-owner", "disk", "old-client"] {
        let plan = climb(&with(name, true), &request());
        assert_eq!(names(&plan), [RefusalName::DatabaseNotReady], "{name}");
        assert!(plan.blocked_by[0].what.contains(&format!("{name} is there")));
        assert_eq!(names(&climb(&with(name, true).with_django(), &request())), [], "{name}");
    }
    assert_eq!(names(&climb(&with("replica", false), &request())), []);
    let mut unseen = Shop::migrated();
    unseen.readiness = Err("refused".to_owned());
    assert_eq!(names(&climb(&unseen, &request())), [RefusalName::DatabaseNotReady]);
    let in_place = DataWish { rung: Some(Rung::InPlace), ..DataWish::default() };
    let mut shop = with("disk", true);
    shop.configured.backup = Some(backups());
    assert_eq!(names(&climb(&shop, &asking(in_place))), [], "no copy is built");
}

#[test]
fn a_database_that_cannot_be_seen_is_a_refusal_of_its_own() {
    let mut shop = Shop::unchanged();
    shop.now.seen = DatabaseSeen::Unknown { why: "connection refused".to_owned() };
    assert_eq!(names(&climb(&shop, &request())), [RefusalName::DatabaseUnknown]);
    let forced = Request { forced: [RefusalName::DatabaseUnknown].into(), ..request() };
    assert_eq!(names(&climb(&shop, &forced)), []);
    let must = Request { forced: [RefusalName::DatabaseUnknown].into(), ..asking(damaged()) };
    assert_eq!(names(&climb(&shop, &must)), [RefusalName::DatabaseNotReady]);
}

#[test]
fn only_data_goes_back_where_that_is_the_scope() {
    let data = Request { scope: Scope::Data, ..asking(damaged()) };
    let plan = climb(&Shop::unchanged(), &data);
    assert_eq!((kinds(&plan), names(&plan)), (vec!["restore_beside", "swap_database", "flush", "report_loss"], vec![]));
    let under_newer_code = climb(&Shop::migrated(), &data);
    assert_eq!(names(&under_newer_code), [], "a column that comes back breaks nothing");
    let mut shop = Shop::unchanged();
    shop.state().schema = schema(&["id", "new", "price"]);
    assert_eq!(names(&climb(&shop, &data)), [RefusalName::SchemaIncompatible]);
    let nothing = climb(&Shop::migrated(), &Request { scope: Scope::Data, ..request() });
    assert_eq!((names(&nothing), nothing.data.len()), (vec![RefusalName::TargetIsWhatRuns], 0));
}

#[test]
fn whoever_uses_a_database_that_is_swapped_and_is_no_part_of_the_plan_is_named() {
    let warned_of = |spec: &Spec, shop: &Shop, request: &Request| {
        let plan = plan_of(shop, spec, request);
        plan.reasons.into_iter().find(|reason| reason.starts_with("warning: every session on `main` is ended"))
    };
    let warned = |shop: &Shop, request: &Request| warned_of(&one_service(), shop, request);
    let data = Request { scope: Scope::Data, ..asking(damaged()) };
    let mut shop = Shop::unchanged();
    shop.configured.used_by = vec![name("absent"), Spec::name(0)];
    let said = warned(&shop, &data).unwrap();
    assert!(said.contains(&format!("`{}`, which uses it and is cut off", Spec::name(0))), "{said}");
    assert_eq!(warned(&shop, &asking(damaged())), None, "it is switched as well");
    shop.configured.used_by = vec![name("absent")];
    assert_eq!(warned(&shop, &data), None, "what does not run has no sessions");
    shop.configured.used_by = vec![Spec::name(0)];
    let code_only = DataWish { rung: Some(Rung::CodeOnly), ..damaged() };
    assert_eq!(warned(&shop, &Request { scope: Scope::Data, ..asking(code_only) }), None);
    let part = DataWish { tables: ["orders".to_owned()].into(), ..damaged() };
    let part = Request { scope: Scope::Data, ..asking(part) };
    assert_eq!((rung(&climb(&shop, &part)), warned(&shop, &part)), (Rung::Tables, None), "no session is ended");

    let mut with_server = one_service();
    with_server.services.extend(one_service().services);
    with_server.services[1].needs = 1;
    shop.configured.used_by = vec![Spec::name(0), Spec::name(1)];
    let said = warned_of(&with_server, &shop, &data).unwrap();
    assert!(said.contains(&format!("`{}`, which uses it and is cut off", Spec::name(1))), "not the server: {said}");
}

#[test]
fn services_that_do_not_use_a_database_leave_it_alone() {
    let mut shop = Shop::migrated();
    shop.configured.used_by = vec![name("another")];
    let services = Scope::Services { services: BTreeSet::from([Spec::name(0)]) };
    let plan = climb(&shop, &Request { scope: services.clone(), ..request() });
    assert_eq!((plan.data.len(), names(&plan)), (0, vec![]));
    shop.configured.used_by.push(Spec::name(0));
    assert_eq!(rung(&climb(&shop, &Request { scope: services, ..request() })), Rung::SideBySide);
}

#[test]
fn data_goes_back_only_where_as_many_people_agreed_as_must() {
    let mut shop = Shop::migrated();
    shop.approvals = 2;
    let by = |names: &[&str]| {
        let approved_by = names.iter().map(|name| (*name).to_owned()).collect();
        asking(DataWish { approved_by, ..DataWish::default() })
    };
    assert_eq!(names(&climb(&shop, &by(&[]))), [RefusalName::ApprovalMissing]);
    assert_eq!(names(&climb(&shop, &by(&["ann", "ann"]))), [RefusalName::ApprovalMissing]);
    assert_eq!(names(&climb(&shop, &by(&["ann", "bob"]))), []);
    shop.configured.automatic = true;
    let automatic = Request { is_automatic: true, ..request() };
    assert_eq!(names(&climb(&shop, &automatic)), [RefusalName::DataNeedsPerson], "nobody has agreed");
    let unchanged = Shop { approvals: 2, ..Shop::unchanged() };
    assert!(!names(&climb(&unchanged, &request())).contains(&RefusalName::ApprovalMissing), "its data stays");
}

#[test]
fn a_swap_is_undone_by_one_swap() {
    let mut shop = Shop::unchanged();
    let undo = Request { scope: Scope::Data, ..asking(DataWish { undoes_swap: true, ..DataWish::default() }) };
    assert_eq!(names(&climb(&shop, &undo)), [RefusalName::TargetIsWhatRuns]);
    shop.put_aside = Some("shop_damaged_old".to_owned());
    let plan = climb(&shop, &undo);
    assert_eq!((kinds(&plan), names(&plan)), (vec!["swap_database", "flush", "report_loss"], vec![]));
    let Action::Data(step) = &plan.steps[0].action else { panic!() };
    let DataAct::Swap { copy, aside, .. } = &step.act else { panic!() };
    assert_eq!((copy.as_str(), aside.as_str()), ("shop_damaged_old", "shop_rb_run1"));
    let named = Request { scope: Scope::Data, ..asking(DataWish { undoes_swap: true, ..damaged() }) };
    shop.estimate = Ok(estimate(3));
    let writes = climb(&shop, &undo);
    assert_eq!(names(&writes), [RefusalName::LossNotAccepted], "what was written since the swap is lost to the name");
    assert_eq!(writes.data[0].loss.as_ref().unwrap().rows(), 3);
    let agreed = DataWish { undoes_swap: true, accept_loss: Some(3), ..DataWish::default() };
    assert_eq!(names(&climb(&shop, &Request { scope: Scope::Data, ..asking(agreed) })), []);
    shop.estimate = Err("it bears no mark".to_owned());
    assert_eq!(names(&climb(&shop, &undo)), [RefusalName::LossNotAccepted]);
    shop.put_aside = None;
    assert_eq!(names(&climb(&shop, &named)), [RefusalName::NoWayBack]);
}

#[test]
fn how_long_a_restore_will_take_is_scaled_to_what_is_restored() {
    let of = |rung| asking(DataWish { rung: Some(rung), ..damaged() });
    let took = |plan: &Plan, kind: &str| plan.steps.iter().find(|it| it.action.kind() == kind).unwrap().estimate_ms;
    let mut seen = Estimates::default();
    let nothing = climb_after(&seen, &Shop::unchanged(), &of(Rung::SideBySide));
    assert_eq!(took(&nothing, "restore_beside"), None, "nothing like it was seen");
    seen.remember("restore_beside", None, 7);
    let unlike = climb_after(&seen, &Shop::unchanged(), &of(Rung::SideBySide));
    assert_eq!(took(&unlike, "restore_beside"), None, "one of which nobody knows how big it was");
    let tables = DataWish { tables: ["orders".to_owned()].into(), ..damaged() };
    let part = climb_after(&seen, &Shop::unchanged(), &asking(tables));
    assert_eq!(took(&part, "restore_beside"), Some(7), "what of a whole nobody knows");
    // The restore point has one GiB, and what is dumped before it is dropped is as big as the database is now.
    let dumped = Shop::unchanged().readiness.unwrap().bytes;
    seen.remember_sized(Work::Restoring, &main_database(), 1 << 28, 60_000);
    seen.remember_sized(Work::Dumping, &main_database(), dumped / 3, 1_000);
    let beside = climb_after(&seen, &Shop::unchanged(), &of(Rung::SideBySide));
    assert_eq!(took(&beside, "restore_beside"), Some(240_000));
    let mut shop = Shop::unchanged();
    shop.configured.backup = Some(backups());
    let in_place = climb_after(&seen, &shop, &of(Rung::InPlace));
    assert_eq!((took(&in_place, "restore_in_place"), took(&in_place, "keep_dump")), (Some(240_000), Some(3_000)));
    assert_eq!(in_place.data[0].downtime_ms, Some(243_000));
}

#[test]
fn what_is_restored_as_a_whole_has_a_time_of_its_own() {
    let by_rung = |rung| asking(DataWish { rung: Some(rung), accept_loss: Some(3), ..damaged() });
    let tables = DataWish { tables: ["orders".to_owned()].into(), accept_loss: Some(3), ..damaged() };
    let mut shop = Shop::unchanged();
    shop.estimate = Ok(estimate(3));
    shop.configured.recovery = Some(Recovery::PgBackRest { stanza: "main".to_owned(), config: None });
    for (request, measured_as) in [
        (request(), Measured::Service),
        (by_rung(Rung::UndoRows), Measured::Database),
        (asking(tables), Measured::Database),
        (by_rung(Rung::SideBySide), Measured::Restore),
        (by_rung(Rung::PointInTime), Measured::Restore),
        (by_rung(Rung::InPlace), Measured::Restore),
    ] {
        let plan = climb(&shop, &request);
        assert_eq!(scope_of(&plan), measured_as, "{}", rung(&plan));
        let agreed = |objectives| agreed_for(&plan, &objectives).map(|agreed| agreed.as_secs());
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let each =
            Objectives { service: seconds(1), database: seconds(2), restore: seconds(3), ..Objectives::default() };
        let of_it = match measured_as {
            Measured::Service => 1,
            Measured::Database => 2,
            Measured::Restore | Measured::Stack => 3,
        };
        assert_eq!((agreed(each), agreed(Objectives::default())), (Some(of_it), None));
        let emergency = Objectives { emergency: seconds(4), ..each };
        assert_eq!(agreed(emergency), Some(of_it), "it is planned");
        let mut hasty = plan.clone();
        hasty.request.mode = Mode::Emergency;
        assert_eq!(agreed_for(&hasty, &emergency), seconds(4));
    }
    assert_eq!(scope_of(&climb(&Shop::migrated().with_django(), &request())), Measured::Database, "migrations");
    shop.put_aside = Some("shop_damaged_old".to_owned());
    let undo = asking(DataWish { undoes_swap: true, ..DataWish::default() });
    let undone = climb(&shop, &Request { scope: Scope::Data, ..undo });
    assert_eq!(scope_of(&undone), Measured::Database, "a swap that is taken back restores nothing");
}

#[test]
fn data_that_names_its_own_source_needs_no_good_checkpoint() {
    let bad = Graded { grade: Grade::Bad, ..one_service().then() };
    let all = [bad];
    let own = DataWish { backup: Some(restore_point().id), ..damaged() };
    let named = Request { scope: Scope::Data, ..asking(own) };
    assert_eq!(choose_target(&named, &environment(), &all).unwrap().grade, Grade::Bad);
    let unnamed = Request { scope: Scope::Data, ..asking(damaged()) };
    assert_eq!(choose_target(&unnamed, &environment(), &all).unwrap_err().name, RefusalName::NoGoodCheckpoint);
    let shop = Shop::unchanged();
    let databases = [(main_database(), shop.situation())].into();
    let spec = one_service();
    let plan = plan_with(&named, &all[0], &spec.world(), &spec.depends_on(), (&databases, &caches()));
    assert_eq!(names(&plan), []);
}

#[test]
fn a_plan_is_stale_once_a_schema_or_a_ledger_moved() {
    let shop = Shop::migrated();
    let plan = climb(&shop, &request());
    let facts = |shop: &Shop| BTreeMap::from([(main_database(), shop.now.clone())]);
    assert_eq!(plan.data_facts, Some(facts_digest(&facts(&shop))));
    assert_eq!(safety::stale_data(plan.data_facts.as_ref(), &facts(&shop)), None);
    let moved: [&dyn Fn(&mut Shop); 3] =
        [&|shop| shop.state().oid += 1, &|shop| shop.state().schema = schema(&["id", "more"]), &|shop| {
            shop.state().ledgers.clear()
        }];
    for change in moved {
        let mut later = shop.clone();
        change(&mut later);
        let refusal = safety::stale_data(plan.data_facts.as_ref(), &facts(&later)).unwrap();
        assert_eq!(refusal.name, RefusalName::StaleFacts);
    }
    let mut grown = shop.clone();
    grown.state().bytes += 1;
    assert_eq!(safety::stale_data(plan.data_facts.as_ref(), &facts(&grown)), None);
    assert_eq!(safety::stale_data(None, &facts(&shop)), None);
}

#[test]
fn data_is_looked_at_closely_where_it_may_go_back() {
    let may = |shop: &Shop, request: &Request| may_go_back(request, &shop.now, shop.then.as_ref());
    assert!(!may(&Shop::unchanged(), &request()));
    assert!(may(&Shop::unchanged(), &asking(damaged())));
    assert!(may(&Shop::migrated(), &request()));
    assert!(may(&unsound(Shop::unchanged(), Verdict::Unhealthy), &request()));
    assert!(may(&Shop { then: None, ..Shop::unchanged() }, &request()));
}

#[test]
fn every_way_to_spoil_steps_on_data_is_found() {
    let faults = |spoil: &dyn Fn(&mut Plan)| {
        let mut plan = climb(&Shop::migrated(), &request());
        spoil(&mut plan);
        for (step, id) in plan.steps.iter_mut().zip(1..) {
            step.id = StepId(id);
        }
        check::check(&plan, &one_service().depends_on())
    };
    let copy = "shop_rb_run1".to_owned();
    let without = |kind: &'static str| move |plan: &mut Plan| plan.steps.retain(|step| step.action.kind() != kind);
    assert_eq!(faults(&without("restore_beside")), [Fault::NoCopy { step: StepId(2), copy }]);
    let damaged = "shop_damaged_run1".to_owned();
    assert_eq!(faults(&without("swap_database")), [Fault::NothingPutAside { step: StepId(6), damaged }]);
    let service = Spec::name(0);
    assert_eq!(faults(&without("switch")), [Fault::LeftStopped { step: StepId(3), service: service.clone() }]);
    let late = faults(&|plan| plan.steps.swap(2, 3));
    assert!(late.contains(&Fault::LateData { step: StepId(4) }), "{late:?}");
    assert!(late.contains(&Fault::LeftStopped { step: StepId(4), service }), "{late:?}");
}

fn shops() -> impl Strategy<Value = Shop> {
    let flags = proptest::array::uniform8(any::<bool>());
    (flags, 0..3u64, any::<[bool; 4]>()).prop_map(|(flags, rows, more)| {
        let [is_migrated, has_django, has_point, is_stored, is_ready, is_automatic, has_recovery, is_unsound] = flags;
        let mut shop = if is_migrated { Shop::migrated() } else { Shop::unchanged() };
        if has_django {
            shop = shop.with_django();
        }
        if is_unsound {
            shop = unsound(shop, Verdict::Unhealthy);
        }
        if !has_point {
            (shop.point, shop.manifest) = (None, None);
        }
        if !is_stored {
            shop.is_stored = Preflight::Gone { why: "404".to_owned() };
        }
        if !is_ready {
            shop.readiness = Err("refused".to_owned());
        }
        if has_recovery {
            shop.configured.recovery = Some(Recovery::PgBackRest { stanza: "main".to_owned(), config: None });
        }
        let [has_then, is_seen, has_aside, knows_loss] = more;
        if !has_then {
            (shop.then, shop.schema_then) = (None, None);
        }
        if !is_seen {
            shop.now.seen = DatabaseSeen::Unknown { why: "refused".to_owned() };
        }
        shop.put_aside = has_aside.then(|| "shop_damaged_old".to_owned());
        shop.estimate = if knows_loss { Ok(estimate(rows)) } else { Err("timed out".to_owned()) };
        shop.configured.automatic = is_automatic;
        shop
    })
}

fn wishes() -> impl Strategy<Value = DataWish> {
    let rung = proptest::option::of(proptest::sample::select(Rung::ALL.to_vec()));
    (rung, any::<[bool; 5]>()).prop_map(|(rung, [is_damaged, has_tables, has_moment, accepts, undoes_swap])| DataWish {
        damaged: is_damaged.then(main_database).into_iter().collect(),
        rung,
        tables: has_tables.then(|| "orders".to_owned()).into_iter().collect(),
        moment: has_moment.then(|| RecoveryTarget::Time { at: at(2) }),
        accept_loss: accepts.then_some(u64::MAX),
        undoes_swap,
        ..DataWish::default()
    })
}

proptest! {
    #[test]
    fn whatever_is_wished_a_plan_is_sound_and_destroys_nothing_that_was_not_asked_for(
        shop in shops(), wish in wishes(), spec in specs(), mut request in requests(), is_data in any::<bool>(),
    ) {
        let asked = wish.rung;
        *request.data = wish;
        if is_data {
            request.scope = Scope::Data;
        }
        let plan = plan_of(&shop, &spec, &request);
        prop_assert_eq!(&plan, &plan_of(&shop, &spec, &request), "equal input, equal plan");
        let destroys = plan.steps.iter().any(|step| step.class == StepClass::Irreversible);
        prop_assert_eq!(destroys && asked != Some(Rung::InPlace), false);
        let keeps = plan.steps.iter().any(|step| step.action.kind() == "keep_dump");
        let named = plan.blocked_by.iter().chain(&plan.overridden);
        let is_told = named.clone().any(|refusal| refusal.name == RefusalName::DamagedNotKept);
        prop_assert_eq!(destroys, keeps || is_told, "what is destroyed is kept, or somebody gives it up");
        let has_no_way = plan.blocked_by.iter().any(|refusal| {
            matches!(refusal.name, RefusalName::BackupGone | RefusalName::NoWayBack | RefusalName::DatabaseUnknown)
        });
        prop_assert_eq!(has_no_way && has_data_steps(&plan), false);
        for ladder in &plan.data {
            let is_free = ladder.rung <= Rung::ReverseMigrations;
            prop_assert!(!is_free || ladder.loss.is_none());
            prop_assert!(ladder.not_cheaper.iter().all(|rejected| rejected.rung < ladder.rung && !rejected.why.is_empty()));
            let cheaper = Rung::ALL.into_iter().filter(|rung| *rung < ladder.rung).count();
            prop_assert!(request.data.undoes_swap || ladder.not_cheaper.len() == cheaper);
        }
        if let Some(ladder) = plan.data.first().filter(|ladder| ladder.loss.is_some()) {
            let rows = ladder.loss.as_ref().unwrap().rows();
            let is_accepted = request.data.accept_loss.is_some_and(|accepted| rows > 0 && accepted >= rows);
            let is_refused = plan.blocked_by.iter().any(|refusal| refusal.name == RefusalName::LossNotAccepted);
            prop_assert!(is_accepted || is_refused);
        }
    }
}
