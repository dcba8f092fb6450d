//! The journal's format: every body is read back as it was written, fields from the future are passed over, and kinds from
//! the future are an error.

use std::collections::BTreeSet;

use backout_core::data::{
    DataProof, Level, LossReport, Method, ObjectName, Packing, PointKind, RestorePoint, Sealing, StoredObject,
    TableLoss, TableRows, Verification,
};
use backout_core::detect::{Measured, Sample, Signal, SignalPath};
use backout_core::hook::Heard;
use backout_core::id::{
    BackupId, CheckpointId, DatabaseName, Digest, IncidentId, NotifierName, ProbeName, RunId, SignalName, StepId,
    TriggerName,
};
use backout_core::incident::{Answer, Entry, Said, Status, Terms, Told, Topic};
use backout_core::inventory::{BlobRef, DatabasesAfter, Grade, Version};
use backout_core::journal::{
    ActStage, Announcement, Around, Body, DeployExit, FORMAT, FallbackSwitching, FileEnd, Former, MaintenanceOutcome,
    MaintenanceSwitch, Means, PersonAct, Record, Recourse, Restart, RunKind, RunResult, StepOutcome, StrayRemoval,
};
use backout_core::notify::Event;
use backout_core::plan::{Request, Scope};
use backout_core::policy::{
    Approval, ApprovalsOutcome, Case, Check, Finding, Fired, Identity, Impact, Judgement, Needed, Objective, OwnCheck,
    Quarantined, Refusal, RefusalName, Rules, Severity, Tags, Verdict, Worse, weigh,
};
use proptest::prelude::*;
use serde_json::Value;

use super::world::{Script, Sim, Spec, at, digest_of, name, request, requests, rollback, specs, started};

fn check(verdict: Verdict) -> Check {
    Check {
        name: "app.health.up".to_owned(),
        verdict,
        what: "503".to_owned(),
        was_red_before: true,
        is_advisory: false,
    }
}

fn acted(stage: ActStage) -> Body {
    let act = PersonAct {
        by: "ann@host".to_owned(),
        command: "backup reimport".to_owned(),
        database: DatabaseName::new("main").unwrap(),
        subject: "loss.jsonl".to_owned(),
        about: Some(RunId::new("run-1").unwrap()),
        stage,
    };
    Body::PersonActed { act: Box::new(act) }
}

fn removed(stage: ActStage) -> Body {
    let removal = StrayRemoval {
        name: "shop-extra-1".to_owned(),
        service: "extra".to_owned(),
        image: "shop/extra:2".to_owned(),
        definition: BlobRef { digest: digest_of(1), bytes: 10 },
        about: RunId::new("run-1").unwrap(),
        by: "ann@host".to_owned(),
        stage,
    };
    Body::StrayRemoved { removal: Box::new(removal) }
}

fn restarted(stage: ActStage, reason: Option<&str>) -> Body {
    let reason = reason.map(str::to_owned);
    let restart = Restart { service: name("app"), by: "ann@host".to_owned(), reason, stage };
    Body::ServiceRestarted { restart: Box::new(restart) }
}

/// What the policy writes.
fn of_policy() -> Vec<Body> {
    let mut tags = Tags::default();
    tags.add("vip=true").unwrap();
    let case = Case { findings: vec!["it exited".to_owned()], ..Case::new(at(2)) }.with_tags(tags);
    let rules = Rules {
        objectives: [(
            Severity::P2,
            Objective { restore: Some(std::time::Duration::from_secs(3600)), ..Objective::default() },
        )]
        .into(),
        ..Rules::default()
    };
    let decision = weigh(&case, &rules);
    let switching = FallbackSwitching {
        name: "app".to_owned(),
        on: true,
        by: "ada".to_owned(),
        stage: ActStage::Done { seen: "on".to_owned() },
    };
    vec![Body::Decided { decision }, Body::FallbackSwitched { switching: Box::new(switching) }]
}

/// A limit that was passed beside a dependency, with all that can be said of one.
fn judgement() -> Judgement {
    let finding = Finding { subject: "app".to_owned(), what: "exited".to_owned(), was_before: false };
    Judgement {
        verdict: Verdict::Unhealthy,
        at: at(1),
        first_bad_at: Some(at(0)),
        findings: vec![finding],
        wants_person: true,
        fired: Some(Box::new(Fired {
            trigger: TriggerName::new("slow").unwrap(),
            signal: SignalPath::Latency(name("app"), ProbeName::new("health").unwrap()),
            value: 0.75,
            times: 3,
            impact: Some(Impact::Slow),
            worse: Some(Worse { what: Signal::LatencyP90, error_rate: None, latency_rise: Some(0.5) }),
            dependencies_down: vec![SignalPath::Up(name("db"), ProbeName::new("ping").unwrap())],
        })),
        own_check: Some(Box::new(OwnCheck {
            service: name("app"),
            dependencies_down: vec![SignalPath::Up(name("db"), ProbeName::new("ping").unwrap())],
        })),
    }
}

/// Bodies that a rollback in the simulated world does not write.
fn others() -> Vec<Body> {
    let id = CheckpointId::new("cp-1").unwrap();
    let blob = BlobRef { digest: digest_of(1), bytes: u64::MAX };
    let judgement = judgement();
    let refusals: Vec<Refusal> = RefusalName::ALL
        .into_iter()
        .map(|name| Refusal { name, what: name.to_string(), hint: "look".to_owned() })
        .collect();
    let red = vec![SignalPath::Up(name("web-1.api_v2"), ProbeName::new("health").unwrap())];
    let services = Scope::Services { services: [name("app")].into() };
    let request = Request { scope: services, forced: RefusalName::ALL.into(), target: Some(id.clone()), ..request() };
    let guard = RunKind::Guard { command: vec!["make".to_owned(), "deploy".to_owned()] };
    let mut bodies = vec![
        Body::RunStarted(started(guard, request)),
        Body::BeforeSeen {
            facts: vec![],
            red,
            checks: vec![check(Verdict::Unmeasurable)],
            has_good_checkpoint: true,
            means: Means { attempts: 3, plan_b: true, maintenance: true },
            quarantined: vec![quarantined(&id)],
            named: Some(id.clone()),
            not_kept: None,
            not_confirmed: None,
        },
        Body::Graded { checkpoint: id.clone(), grade: Grade::Bad, why: "bad".to_owned() },
        Body::CheckpointReleased { checkpoint: id },
        Body::Refused { refusals },
        Body::Armed { pid: u32::MAX },
        Body::DeployIntended,
        Body::DeploySpawned { pid: 1, started_ticks: u64::MAX },
        Body::AfterSeen { facts: vec![], changed: vec![name("app")], data: DatabasesAfter::default() },
        Body::WatchKept { recording: blob.clone() },
        Body::FixSeen { facts: Vec::new() },
        Body::Judged { judgement },
        Body::EvidenceKept { service: name("app"), items: vec![("app.log".to_owned(), blob.clone())] },
        Body::FileReplaced { path: "/etc/é \n\"".to_owned(), was: Some(blob) },
        Body::UndoIntended { step: StepId(1) },
        Body::Repaired { seen: "`./chaos off` ended well".to_owned() },
        Body::TakenOver { by: "dead-man's switch".to_owned(), pid: 3 },
        Body::AbortRequested { by: "ops".to_owned() },
    ];
    bodies.extend(endings());
    bodies.extend(of_recourse());
    bodies.extend(of_databases());
    bodies.extend(of_proof());
    bodies.extend(of_incidents());
    bodies
}

/// What is said about incidents, and who is told.
fn of_incidents() -> Vec<Body> {
    let text = || "it is".to_owned();
    let run = RunId::new("run-1").unwrap();
    let terms = Terms { service_ms: Some(1), ..Terms::default() };
    let said = [
        Said::Opened { title: text(), severity: Some(Severity::P1), services: [name("app")].into() },
        Said::Noted { topic: Topic::Cause, text: text() },
        Said::Role { role: "lead".to_owned(), who: text() },
        Said::Linked { target: text(), text: None },
        Said::Joined { run: run.clone() },
        Said::Rated { severity: Severity::P4 },
        Said::Moved { status: Status::Monitoring },
        Said::Answered { item: "backups".to_owned(), answer: Answer::No, note: Some(text()) },
        Said::Closed { summary: None, terms: Box::new(terms) },
    ];
    let incident = IncidentId::of_run(&run);
    let entry = |said| Entry { incident: incident.clone(), by: "ann@host".to_owned(), said };
    let mut bodies: Vec<Body> = said.into_iter().map(|said| Body::Incident { entry: Box::new(entry(said)) }).collect();
    let notifier = NotifierName::new("slack").unwrap();
    let told = Told { notifier, is_public: false, run: Some(run), event: Event::RolledBack, title: text() };
    bodies.push(Body::Told { told: Box::new(told) });
    bodies
}

fn quarantined(id: &CheckpointId) -> Quarantined {
    let version = Version { code: "sha256:1".to_owned(), spec: "h".to_owned() };
    let identity = Identity { label: "app:2".to_owned(), version, files: [("/a".to_owned(), digest_of(1))].into() };
    Quarantined { checkpoint: id.clone(), why: "it went bad".to_owned(), services: [(name("app"), identity)].into() }
}

/// What is written where a way back is not verified.
fn of_recourse() -> Vec<Body> {
    let content = BlobRef { digest: digest_of(1), bytes: 1 };
    let fields = [("/spec/selector/app".to_owned(), serde_json::json!("web"))].into();
    let kept = [
        ("command".to_owned(), Former::Unseen),
        ("file /a".to_owned(), Former::Absent),
        ("file /b".to_owned(), Former::File { content, mode: 0o644 }),
        ("link /c".to_owned(), Former::Link { to: "live".to_owned() }),
        ("service shop/web".to_owned(), Former::Fields { fields }),
        ("profile page".to_owned(), Former::Services { running: vec!["page".to_owned()] }),
    ];
    let reason = Some("the registry is down".to_owned());
    let switch = MaintenanceSwitch {
        on: true,
        by: "ops".to_owned(),
        reason,
        is_automatic: true,
        kept: kept.into_iter().collect(),
    };
    let (seen, why) = (vec!["503".to_owned()], vec!["no answer".to_owned()]);
    let mut bodies: Vec<Body> = [Recourse::Again, Recourse::OlderCheckpoint, Recourse::Maintenance]
        .into_iter()
        .map(|next| Body::AttemptFailed { attempt: 1, target: None, why: "not verified".to_owned(), next })
        .collect();
    let announced = Announcement { author: Some("anna".to_owned()), ..Announcement::default() };
    let heard = Heard {
        hook: "alertmanager".to_owned(),
        alert: "high_errors".parse().unwrap(),
        service: None,
        id: "a1b2".to_owned(),
        is_firing: true,
        what: "HighErrorRate".to_owned(),
    };
    bodies.extend([
        Body::DeployAnnounced { announced },
        Body::AlertHeard { heard },
        Body::MaintenanceIntended { switch: Box::new(switch) },
        Body::MaintenanceEnded { on: true, outcome: MaintenanceOutcome::Done { seen: seen.clone() } },
        Body::MaintenanceEnded { on: false, outcome: MaintenanceOutcome::Failed { seen, why } },
    ]);
    bodies
}

/// What is written about databases.
fn of_databases() -> Vec<Body> {
    let database = DatabaseName::new("main").unwrap();
    let (backup, blob) = (BackupId::mint(at(0), 1), BlobRef { digest: Digest::of(b"x"), bytes: 1 });
    let point = RestorePoint {
        id: backup.clone(),
        database: database.clone(),
        taken_at: at(0),
        run: None,
        kind: PointKind::Custom { packing: Packing::Zstd, sealing: Sealing::Age },
        store: "file:/srv/backups".to_owned(),
        objects: vec![StoredObject { name: "main.dump".to_owned(), bytes: u64::MAX, sha256: "0".repeat(64) }],
        manifest: blob.clone(),
        database_bytes: 1,
        took_ms: 1,
        restore_name: Some("before".to_owned()),
        verified: Some(Level::V1),
    };
    let verification = Verification {
        backup: backup.clone(),
        at: at(1),
        asked: Level::V4,
        reached: Some(Level::V2),
        checks: vec![check(Verdict::Unhealthy)],
        restore_ms: Some(1),
    };
    let table = ObjectName::new("public", "orders");
    let report = LossReport {
        damaged: "app_damaged".to_owned(),
        tables: vec![TableLoss {
            table: table.clone(),
            method: Method::Comparison,
            inserted: 1,
            updated: 2,
            deleted: 3,
        }],
        not_compared: vec![(table.clone(), "it has no key".to_owned())],
        file: Some("/srv/loss.jsonl".to_owned()),
        methods: vec![Method::Comparison],
        notes: vec!["one".to_owned()],
        took_ms: 1,
    };
    let rows = TableRows::between([(table.clone(), 1)], [(table, 2)]);
    let proof = DataProof { checks: vec![check(Verdict::Unmeasurable)], rows };
    vec![
        Body::BackupTaken { point: Box::new(point) },
        Body::BackupVerified { verification: Box::new(verification) },
        Body::BackupReleased { backup },
        removed(ActStage::Intended),
        removed(ActStage::Failed { why: "refused".to_owned() }),
        restarted(ActStage::Intended, Some("it hangs")),
        restarted(ActStage::Done { seen: "app 1, healthy".to_owned() }, None),
        acted(ActStage::Intended),
        acted(ActStage::Done { seen: "7 put in".to_owned() }),
        acted(ActStage::Failed { why: "refused".to_owned() }),
        Body::VaultKept { database: database.clone(), vault: blob.clone() },
        Body::LossReported { database: database.clone(), report: Box::new(report) },
        Body::DataProven { database: database.clone(), proof: Box::new(proof) },
        Body::DataEvidenceKept { database, items: vec![("migrate.log".to_owned(), blob)] },
    ]
}

/// What is written about whether a way back arrived, and stays.
fn of_proof() -> Vec<Body> {
    let answer = backout_core::journal::Answer { check: "login".to_owned(), holds: true, by: "ann".to_owned() };
    let sample = |measured| Sample {
        signal: SignalPath::Named(SignalName::new("errors").unwrap()),
        at: at(0),
        measured,
        what: "5.2 %".to_owned(),
        of: None,
    };
    let unmeasurable = Measured::Unmeasurable { why: "no answer within 2 s".to_owned() };
    let mut bodies = of_people();
    bodies.extend([
        Body::LogsMarked { files: [("/var/log/app.log".to_owned(), FileEnd { inode: 7, bytes: u64::MAX })].into() },
        Body::ManualAnswered { answer },
        Body::SignalsKept { around: Around::Before, samples: vec![sample(Measured::Value { value: 0.052 })] },
        Body::SignalsKept { around: Around::After, samples: vec![sample(unmeasurable)] },
        Body::WellAgain { what: "everything holds again".to_owned() },
        Body::Tagged { tag: "pre-deploy-1".to_owned(), commit: Some("f00d".to_owned()), why: String::new() },
        Body::Tagged { tag: "pre-deploy-1".to_owned(), commit: None, why: "no work tree".to_owned() },
    ]);
    bodies
}

/// What people say about a plan that waits for them.
fn of_people() -> Vec<Body> {
    let plan = Digest::of(b"plan");
    let needed = Needed { people: 2, what: "the environment goes back".to_owned(), within_ms: u64::MAX };
    let (by, from) = ("ann".to_owned(), "ann@web1".to_owned());
    let reason = Some("seen".to_owned());
    let names = || ["ann".to_owned(), "ben".to_owned()].into();
    let outcomes = [
        ApprovalsOutcome::Given { by: names() },
        ApprovalsOutcome::Declined { by: by.clone(), reason: reason.clone() },
        ApprovalsOutcome::TooLate { by: names() },
    ];
    let wanted = Body::ApprovalsWanted { needed, plan: plan.clone() };
    let said = Body::Approved { approval: Approval { plan, by, from, agrees: false, reason } };
    [wanted, said].into_iter().chain(outcomes.map(|outcome| Body::ApprovalsEnded { outcome })).collect()
}

/// Every way in which something ends.
fn endings() -> Vec<Body> {
    let mut bodies = Vec::new();
    let what = || "seen".to_owned();
    let outcomes = [
        StepOutcome::AlreadyThere { seen: what() },
        StepOutcome::NotThere { seen: what() },
        StepOutcome::Unclear { why: what() },
        StepOutcome::Recovered { seen: what() },
        StepOutcome::Worsened { seen: what() },
    ];
    bodies.extend(outcomes.map(|outcome| Body::UndoEnded { step: StepId(1), outcome }));
    let exits = [
        DeployExit::Code { code: -1 },
        DeployExit::Signal { signal: 9 },
        DeployExit::TimedOut,
        DeployExit::NotStarted { why: what() },
        DeployExit::Unseen,
    ];
    bodies.extend(exits.map(|exit| Body::DeployEnded { exit }));
    let results = [
        RunResult::Kept,
        RunResult::KeptUnproven,
        RunResult::RolledBack,
        RunResult::NothingChanged,
        RunResult::NotVerified,
        RunResult::Refused,
        RunResult::Held,
        RunResult::Aborted,
    ];
    bodies.extend(results.map(|result| Body::RunEnded { result, summary: what() }));
    bodies
}

/// The bodies of a rollback with every kind of step in it.
fn of_a_rollback() -> Vec<Body> {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut bodies = Vec::new();
    for _ in 0..20 {
        let (spec, request) = (specs(), requests()).new_tree(&mut runner).unwrap().current();
        let failing = [(Spec::name(0), (u32::MAX, true))].into();
        let mut sim = Sim::new(&spec, Script { failing, ..Script::default() }, None);
        sim.begin(rollback(request));
        bodies.extend(sim.journal.into_iter().map(|record| record.body));
    }
    bodies
}

fn all() -> Vec<Body> {
    let mut bodies = others();
    bodies.extend(of_policy());
    bodies.extend(of_a_rollback());
    bodies
}

#[test]
fn every_kind_of_body_is_among_the_samples() {
    let kinds: BTreeSet<&str> = all().iter().map(Body::kind).collect();
    // serde lists the kinds that there are in its message.
    let message = serde_json::from_str::<Body>(r#"{"kind":"no_such_kind"}"#).unwrap_err().to_string();
    let known: BTreeSet<&str> = message.split('`').skip(3).step_by(2).collect();
    assert!(known.len() > 20, "{message}");
    assert_eq!(kinds, known);
}

#[test]
fn every_kind_of_body_is_a_seed_for_what_is_bent() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/journal");
    let seeds: String =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let records: Vec<Record> = seeds.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: BTreeSet<&str> = records.iter().map(|record| record.body.kind()).collect();
    let lacking = all().into_iter().filter(|body| !kinds.contains(body.kind()));
    let lines: Vec<String> = lacking.zip(1..).map(|(body, seq)| line(seq, body)).collect();
    assert!(lines.is_empty(), "add these lines to a file of `fuzz/seeds/journal`:\n{}", lines.join("\n"));
}

fn line(seq: i64, body: Body) -> String {
    let environment = backout_core::id::EnvironmentName::new("staging").unwrap();
    let hash = digest_of(1);
    serde_json::to_string(&Record { seq, format: FORMAT, at: at(0), environment, run: None, body, hash }).unwrap()
}

#[test]
fn every_body_is_read_back_as_it_was_written() {
    for body in all() {
        let text = serde_json::to_string(&body).unwrap();
        assert_eq!(serde_json::from_str::<Body>(&text).unwrap(), body, "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["kind"], body.kind());
    }
}

#[test]
fn fields_from_the_future_are_passed_over_at_any_depth() {
    for body in all() {
        let mut value = serde_json::to_value(&body).unwrap();
        add_fields(&mut value, false);
        assert!(value.as_object().unwrap().contains_key("from_the_future"));
        assert_eq!(serde_json::from_value::<Body>(value).unwrap(), body);
    }
}

/// Adds a field to every object that is a record, and to none whose keys are data.
fn add_fields(value: &mut Value, is_map: bool) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                // What a user's command printed is passed on as it is, too.
                if key != "state" || field.get("is").is_some() {
                    add_fields(
                        field,
                        matches!(key.as_str(), "artifacts" | "databases" | "made_from" | "points" | "kept" | "tags")
                            || (matches!(key.as_str(), "files" | "services" | "fields") && field.is_object()),
                    );
                }
            }
            if !is_map {
                fields.insert("from_the_future".to_owned(), Value::from(1));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| add_fields(item, false)),
        _ => {}
    }
}

#[test]
fn a_kind_from_the_future_is_an_error() {
    for text in [r#"{"kind":"from_the_future"}"#, r#"{"facts":[]}"#, "[]", "null", r#""deploy_intended""#] {
        assert!(serde_json::from_str::<Body>(text).is_err(), "{text}");
    }
}

#[test]
fn a_name_that_is_not_one_is_an_error() {
    let text = r#"{"kind":"graded","checkpoint":"../../etc/passwd","grade":"good","why":""}"#;
    assert!(serde_json::from_str::<Body>(text).is_err());
}

proptest! {
    #[test]
    fn every_record_of_a_run_is_read_back_as_it_was_written(spec in specs(), request in requests()) {
        let mut sim = Sim::new(&spec, Script::default(), None);
        sim.begin(rollback(request));
        for record in sim.journal {
            let text = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        }
    }

    #[test]
    fn a_kind_that_is_not_known_is_an_error_and_no_panic(kind in "x-\\PC{0,20}") {
        let read = serde_json::from_value::<Body>(serde_json::json!({ "kind": kind, "facts": [] }));
        prop_assert!(read.is_err());
    }

    #[test]
    fn a_record_that_was_cut_off_is_an_error_and_no_panic(spec in specs(), cut in any::<proptest::sample::Index>()) {
        let mut sim = Sim::new(&spec, Script::default(), None);
        sim.begin(rollback(request()));
        let text = serde_json::to_string(&sim.journal[cut.index(sim.journal.len())]).unwrap();
        let cut = (0..text.len()).filter(|at| text.is_char_boundary(*at)).nth(cut.index(text.len())).unwrap_or(0);
        prop_assert!(serde_json::from_str::<Record>(&text[..cut]).is_err());
    }
}
