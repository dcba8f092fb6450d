//! From the records of a run to its notices.
//!
//! | record | notice |
//! |---|---|
//! | run started | started, unless it takes something back |
//! | the first plan that may run | going back; of a rollback that a person wants: started |
//! | decided to wait for a fix | countdown |
//! | a plan waits for people to agree | approval wanted, once a record |
//! | another process goes on | taken over, once a record |
//! | a try at going back is not verified | trying again, once a record, unless maintenance comes next |
//! | maintenance mode was switched | maintenance on, or nothing where that failed: the end says so |
//! | an observation begins | rolled back: what is required holds |
//! | a person answered a check with no | went bad again, once a record |
//! | what went bad while nothing was deployed is held, or holds again | went down, well again |
//! | run ended | how: rolled back, not verified, held, kept, refused …; after an observation: how that ended |
//!
//! Everything else is for the timeline.

use jiff::Timestamp;

use super::known::Known;
use super::{Alert, Event, Field, NOTICE_FORMAT, Notice};
use crate::id::ServiceName;
use crate::journal::{Body, MaintenanceOutcome, Record, RunKind, RunStarted};
use crate::plan::{Plan, Switch};
use crate::policy::Decision;
use crate::report::{Kind, recourse_text};

/// The kinds of records that notices are made of.
pub const NOTICE_KINDS: [&str; 17] = [
    "run_started",
    "checkpoint_taken",
    "judged",
    "decided",
    "fallback_switched",
    "plan_made",
    "approvals_wanted",
    "refused",
    "verified",
    "attempt_failed",
    "maintenance_ended",
    "observation_started",
    "observed",
    "manual_answered",
    "well_again",
    "taken_over",
    "run_ended",
];

/// No more reasons than this are told; the record has them all.
const REASONS: usize = 5;

/// The notices of a run, each with the number of the record that it is told at. `records` are those of the run, oldest first,
/// of [`NOTICE_KINDS`] at least.
#[must_use]
pub fn notices(project: &str, records: &[Record]) -> Vec<(i64, Notice)> {
    let mut known = Known::default();
    let mut all = Vec::new();
    for record in records {
        known.learn(record);
        let (Some(event), Some(started), Some(run)) = (known.event(record), known.started, &record.run) else {
            continue;
        };
        let severity = known.severity(event);
        known.worst = known.worst.max(severity);
        let is_of_record = matches!(record.body, Body::ManualAnswered { .. } | Body::ApprovalsWanted { .. });
        let key = if is_of_record || matches!(event, Event::TakenOver | Event::TryingAgain) {
            format!("{}-{}", event.word(), record.seq)
        } else {
            event.word().to_owned()
        };
        let place = format!("{project}/{}", record.environment);
        all.push((
            record.seq,
            Notice {
                format: NOTICE_FORMAT,
                id: format!("{run}/{key}"),
                run: Some(run.clone()),
                project: project.to_owned(),
                environment: record.environment.clone(),
                event,
                severity,
                worst: known.worst,
                at: record.at,
                title: format!("{place}: {}", headline(event, started)),
                text: text(event, record, &known),
                fields: fields(event, record, started, &known),
                resolves: Vec::new(),
                is_observed: matches!(record.body, Body::ObservationStarted { .. }),
            },
        ));
    }
    all
}

fn headline(event: Event, started: &RunStarted) -> &'static str {
    let is_guard = !matches!(started.run, RunKind::Rollback);
    let is_noticed = matches!(started.run, RunKind::Noticed(_));
    let is_drill = matches!(started.run, RunKind::Drill(_));
    match event {
        Event::Started if is_noticed => "a deploy was noticed",
        Event::Started if is_guard => "a deploy began",
        Event::Started => "a rollback began",
        Event::GoingBack => "the deploy went bad; going back",
        Event::TakenOver => "another process goes on",
        Event::RolledBack => "rolled back and verified",
        Event::NothingChanged if is_noticed => "what was noticed is as it was again",
        Event::NotVerified | Event::Held if is_drill => "NOT BACK after a drill: a person is needed",
        Event::Held if is_noticed => "a deploy went bad: a person is needed to decide",
        Event::Observed => "observed after the rollback",
        Event::WentBadAgain => "WENT BAD AGAIN after a rollback: a person is needed",
        Event::NothingChanged => "the deploy failed and changed nothing",
        Event::TryingAgain => "going back is not verified; trying something else",
        Event::MaintenanceOn => "maintenance mode is on: a person is needed",
        Event::NotVerified => "NOT VERIFIED after a rollback: a person is needed",
        Event::Held => "held: a person is needed to decide",
        Event::WentDown => "WENT DOWN while nothing was deployed: a person is needed",
        Event::WellAgain => "well again",
        Event::ApprovalWanted => "people must agree before it goes back",
        Event::Countdown => "the deploy went bad; going back unless it is fixed",
        Event::FellBack => "the deploy went bad; fallen back",
        Event::FixForward => "the deploy went bad and is kept, to be fixed forward",
        Event::Kept if is_guard => "the deploy is good",
        Event::Kept => "kept",
        Event::KeptUnproven => "the deploy was kept, and could not be measured",
        Event::Refused if is_guard => "the deploy was refused; nothing was changed",
        Event::Refused => "the rollback was refused; nothing was changed",
        Event::Aborted => "stopped by a person",
        Event::Escalated => "a person is still needed",
        Event::PostMortemDue => "a post-mortem is due",
        Event::Test => "a test",
    }
}

fn text(event: Event, record: &Record, known: &Known<'_>) -> String {
    let mut lines = Vec::new();
    match &record.body {
        Body::RunEnded { summary, .. } => lines.push(sentence(summary)),
        Body::TakenOver { by, .. } => lines.push(format!("{by} goes on with it.")),
        Body::AttemptFailed { why, next, .. } => {
            lines.extend([sentence(why), sentence(recourse_text(*next))]);
        }
        Body::MaintenanceEnded { outcome: MaintenanceOutcome::Done { seen }, .. } => {
            lines.push("Every way back was tried. `backout maintenance off` ends maintenance mode.".to_owned());
            lines.extend(seen.iter().map(|seen| format!("- {seen}")));
        }
        Body::ObservationStarted { for_ms } => {
            lines.push(format!("What is required holds. It is observed for {} min.", for_ms.div_ceil(60_000)));
        }
        Body::ApprovalsWanted { needed, .. } => {
            let run = record.run.as_ref().map_or("RUN", |run| run.as_str());
            let (people, what) = (needed.people, &needed.what);
            let until = record.at + std::time::Duration::from_millis(needed.within_ms);
            lines.push(format!("{people} people must agree before {what}, until {until:.0}."));
            lines.push(format!("Each of them: `backout approve {run} --as NAME`; or `--decline`."));
        }
        Body::ManualAnswered { answer } => {
            lines.push(format!("{} says that the check `{}` does not hold.", answer.by, answer.check));
        }
        Body::WellAgain { what } => lines.push(sentence(what)),
        Body::RunStarted(started) => lines.extend(started.reason.as_deref().map(sentence)),
        _ => {}
    }
    let reasons = match event {
        Event::GoingBack => Some(known.bad()).filter(|bad| !bad.is_empty()).unwrap_or_else(|| known.reasons.clone()),
        Event::WentBadAgain if matches!(record.body, Body::ManualAnswered { .. }) => Vec::new(),
        Event::NotVerified
        | Event::WentBadAgain
        | Event::Held
        | Event::WentDown
        | Event::Refused
        | Event::Countdown
        | Event::FixForward => known.reasons.clone(),
        Event::KeptUnproven => known.bad(),
        _ => Vec::new(),
    };
    let more = reasons.len().saturating_sub(REASONS);
    lines.extend(reasons.into_iter().take(REASONS).map(|reason| format!("- {reason}")));
    if more > 0 {
        lines.push(format!("- and {more} more"));
    }
    lines.join("\n")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn fields(event: Event, record: &Record, started: &RunStarted, known: &Known<'_>) -> Vec<Field> {
    let mut fields = vec![Field::new("By", started.actor.as_str())];
    if let RunKind::Guard { command } = &started.run {
        fields.push(Field::new("Deploy", command.join(" ")));
    }
    if let RunKind::Noticed(noticed) = &started.run {
        fields.push(Field::new("Noticed", noticed.words()));
    }
    if let RunKind::Drill(drill) = &started.run {
        fields.push(Field::new("Drill", format!("{}: {}", drill.service, drill.how)));
    }
    if let Some(weighed) = known.decision.and_then(|decision| decision.weighed.as_ref()) {
        fields.push(Field::new("Severity", weighed.severity.word()));
        fields.extend(countdown(event, record.at, known.decision));
    }
    let says_why = event == Event::Started && known.plan.is_none();
    if let (Some(reason), false) = (&started.reason, says_why) {
        fields.push(Field::new("Reason", reason.as_str()));
    }
    fields.extend(known.error_rate.as_ref().map(|rate| Field::new("Error rate", rate.as_str())));
    if let Some(plan) = known.plan {
        fields.push(Field::new("Kind", Kind::of(started).words()));
        fields.extend(versions(plan));
        fields.push(Field::new("Checkpoint", plan.target.as_str()));
        let is_ahead = matches!(record.body, Body::PlanMade { .. } | Body::ApprovalsWanted { .. });
        fields.extend(plan.estimate_ms().filter(|_| is_ahead).map(|ms| Field::new("Expected", minutes(ms))));
    }
    fields.extend(sayings(known));
    if known.failed > 0 {
        fields.push(Field::new("Failed attempts", known.failed.to_string()));
    }
    if let (Body::RunEnded { .. }, Some(began)) = (&record.body, known.began) {
        let took = u64::try_from(record.at.duration_since(began).as_millis()).unwrap_or_default();
        fields.push(Field::new("Took", minutes(took)));
    }
    let run = record.run.as_ref().map_or("", |run| run.as_str());
    fields.push(Field::new("Run", run));
    if !matches!(event, Event::Started | Event::Kept) {
        fields.push(Field::new("Look", format!("backout show {run}")));
    }
    fields
}

/// Which version services say themselves that they are, where that is another one than before.
fn sayings(known: &Known<'_>) -> Option<Field> {
    let words = |(service, said, says): (&ServiceName, Option<&str>, &str)| match said {
        Some(said) => format!("{service}: {said} to {says}"),
        None => format!("{service}: {says}"),
    };
    let all: Vec<String> = known.sayings().into_iter().map(words).collect();
    let more = all.len().saturating_sub(REASONS);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let told: Vec<String> = all.into_iter().take(REASONS).collect();
    (!told.is_empty()).then(|| Field::new("Says", format!("{}{more}", told.join(", "))))
}

/// What goes back to what.
fn versions(plan: &Plan) -> Option<Field> {
    let words = |switch: &Switch| {
        let from = switch.from_label.as_deref().unwrap_or("nothing");
        format!("{}: {from} to {}", switch.to.service, switch.to.label)
    };
    let all: Vec<String> = plan.switches().map(words).collect();
    let more = all.len().saturating_sub(REASONS);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let told: Vec<String> = all.into_iter().take(REASONS).collect();
    (!told.is_empty()).then(|| Field::new("Versions", format!("{}{more}", told.join(", "))))
}

fn minutes(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    format!("{} min {} s", seconds / 60, seconds % 60)
}

/// Until when what: a fix, and what the objectives ask for, with how long that is from when it is told.
fn countdown(event: Event, now: Timestamp, decision: Option<&Decision>) -> Vec<Field> {
    let Some((decision, weighed)) = decision.and_then(|decision| Some((decision, decision.weighed.as_ref()?))) else {
        return Vec::new();
    };
    let restore_by = weighed.restore_by.filter(|_| event.alert() == Some(Alert::Trigger));
    let decide_by = weighed.decide_by.filter(|_| matches!(event, Event::Held | Event::WentDown));
    let told = [("Goes back at", decision.fix_by()), ("Decide by", decide_by), ("Good again by", restore_by)];
    let field = |(what, by): (&str, Option<Timestamp>)| Some(Field::new(what, until(by?, now)));
    told.into_iter().filter_map(field).collect()
}

fn until(by: Timestamp, now: Timestamp) -> String {
    let left = by.duration_since(now).as_secs();
    match left {
        ..=0 => format!("{by:.0}, which is over"),
        _ => format!("{by:.0}, in {} min {} s", left / 60, left % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CheckpointId, Digest, EnvironmentName, RunId};
    use crate::journal::{Answer, Observation, ObservationResult, RunResult};
    use crate::notify::Severity;
    use crate::plan::Request;
    use crate::policy::{Choice, Decision, Finding, Judgement, Refusal, RefusalName, Verdict};

    fn records(bodies: Vec<Body>) -> Vec<Record> {
        let record = |(place, body)| Record {
            seq: place,
            format: 1,
            at: Timestamp::from_second(100 * place).unwrap(),
            environment: EnvironmentName::new("staging").unwrap(),
            run: Some(RunId::new("run-1").unwrap()),
            body,
            hash: Digest::of(b""),
        };
        (1..).zip(bodies).map(record).collect()
    }

    fn started() -> Body {
        Body::RunStarted(RunStarted {
            run: RunKind::Guard { command: vec!["make deploy".to_owned()] },
            environment: EnvironmentName::new("staging").unwrap(),
            actor: "anna".to_owned(),
            reason: None,
            request: Request::automatic(),
            agreed: None,
            circumstances: Box::default(),
            observe_ms: 0,
        })
    }

    fn bad() -> Vec<Body> {
        let finding = |what: &str, was_before| Finding { subject: "web".to_owned(), what: what.to_owned(), was_before };
        let judgement = Judgement {
            verdict: Verdict::Unhealthy,
            at: Timestamp::UNIX_EPOCH,
            first_bad_at: None,
            findings: vec![finding("503", false), finding("red before", true)],
            wants_person: false,
            fired: None,
            own_check: None,
        };
        let decision = Decision::plain(Choice::RollBack, vec!["it is bad".to_owned()], vec![]);
        vec![started(), Body::Judged { judgement }, Body::Decided { decision }, planned(Vec::new())]
    }

    fn planned(blocked_by: Vec<Refusal>) -> Body {
        let plan = Plan {
            environment: EnvironmentName::new("staging").unwrap(),
            made_at: Timestamp::UNIX_EPOCH,
            request: Request::automatic(),
            target: CheckpointId::new("cp-1").unwrap(),
            target_taken_at: Timestamp::UNIX_EPOCH,
            target_said: [].into(),
            facts: Digest::of(b""),
            data_facts: None,
            made_from: [].into(),
            suffix: String::new(),
            steps: Vec::new(),
            data: Vec::new(),
            unchanged: Vec::new(),
            reasons: Vec::new(),
            blocked_by,
            overridden: Vec::new(),
            approvals: None,
        };
        Body::PlanMade { plan: Box::new(plan) }
    }

    fn ended(result: RunResult) -> Body {
        Body::RunEnded { result, summary: "version 1 runs again".to_owned() }
    }

    #[test]
    fn a_bad_deploy_tells_that_it_began_that_it_goes_back_and_how_it_ended() {
        let mut bodies = bad();
        bodies.push(ended(RunResult::RolledBack));
        let told = notices("shop", &records(bodies));
        let ids: Vec<(i64, &str)> = told.iter().map(|(seq, notice)| (*seq, notice.id.as_str())).collect();
        assert_eq!(ids, [(1, "run-1/started"), (4, "run-1/going_back"), (5, "run-1/rolled_back")]);
        assert_eq!(told[1].1.text, "- web: 503");
        let last = &told[2].1;
        assert_eq!(last.title, "shop/staging: rolled back and verified");
        assert_eq!(last.text, "Version 1 runs again.");
        assert_eq!((last.severity, last.worst), (Severity::Warning, Severity::Error));
        let took = last.fields.iter().find(|field| field.name == "Took").unwrap();
        assert_eq!(took.value, "6 min 40 s");
    }

    #[test]
    fn a_plan_that_may_not_run_is_no_news_and_a_person_s_rollback_begins_with_its_plan() {
        let refusal = Refusal { name: RefusalName::StaleFacts, what: "it moved".to_owned(), hint: String::new() };
        let mut bodies = bad();
        bodies.truncate(3);
        let blocked = [bodies, vec![planned(vec![refusal])]].concat();
        assert_eq!(notices("shop", &records(blocked)).len(), 1, "only that the deploy began");
        let Body::RunStarted(started) = started() else { return };
        let by_hand = RunStarted { run: RunKind::Rollback, reason: Some("it is slow".to_owned()), ..started };
        let told = notices("shop", &records(vec![Body::RunStarted(by_hand), planned(Vec::new())]));
        let [(2, notice)] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((notice.id.as_str(), notice.title.as_str()), ("run-1/started", "shop/staging: a rollback began"));
        assert!(notice.fields.contains(&Field::new("Reason", "it is slow")), "{:?}", notice.fields);
        assert!(notice.fields.contains(&Field::new("Checkpoint", "cp-1")), "{:?}", notice.fields);
    }

    #[test]
    fn what_went_bad_while_nothing_was_deployed_calls_people_and_says_when_it_is_over() {
        let Body::RunStarted(started) = started() else { return };
        let down = Body::RunStarted(RunStarted { run: RunKind::WentDown, ..started });
        let judged = bad().remove(1);
        let decision = Decision::plain(Choice::RollBack, vec!["web: 503".to_owned()], vec![]);
        let over = Body::WellAgain { what: "every check holds".to_owned() };
        let all = vec![down, judged, Body::Decided { decision }, ended(RunResult::Held), over];
        let told = notices("shop", &records(all));
        let said: Vec<(&str, &str)> = told.iter().map(|(_, it)| (it.id.as_str(), it.text.as_str())).collect();
        assert_eq!(
            said,
            [("run-1/went_down", "Version 1 runs again.\n- web: 503"), ("run-1/well_again", "Every check holds.")]
        );
        assert_eq!(told[0].1.event.alert(), Some(Alert::Trigger));
        assert_eq!(told[1].1.event.alert(), Some(Alert::Resolve));
    }

    #[test]
    fn a_way_back_says_of_which_kind_it_is_and_what_the_error_rate_is() {
        let Body::RunStarted(of) = started() else { return };
        let by_hand = RunStarted { run: RunKind::Rollback, ..of };
        let check = |name: &str, what: &str| crate::policy::Check {
            name: name.to_owned(),
            verdict: Verdict::Healthy,
            what: what.to_owned(),
            was_red_before: false,
            is_advisory: false,
        };
        let checks = vec![check("web is up", "runs"), check("errors below 1 %", "0.04 %")];
        let verified = Body::Verified { checks, facts: Vec::new(), red: Vec::new() };
        let all = vec![Body::RunStarted(by_hand), planned(Vec::new()), verified, ended(RunResult::RolledBack)];
        let told = notices("shop", &records(all));
        let fields = &told.last().unwrap().1.fields;
        assert!(fields.contains(&Field::new("Kind", "by hand")), "{fields:?}");
        assert!(fields.contains(&Field::new("Error rate", "0.04 %")), "{fields:?}");
        let told = notices("shop", &records(bad()));
        assert!(told.last().unwrap().1.fields.contains(&Field::new("Kind", "by itself")));
    }

    #[test]
    fn a_notice_says_what_services_said_of_themselves_before_and_after() {
        let taken = |says: &str| {
            let checkpoint = crate::inventory::Checkpoint {
                id: CheckpointId::new("cp-1").unwrap(),
                environment: EnvironmentName::new("staging").unwrap(),
                taken_at: Timestamp::UNIX_EPOCH,
                run: None,
                why: String::new(),
                artifacts: [].into(),
                absent: Vec::new(),
                databases: [].into(),
                source: None,
                said: [(ServiceName::new("web").unwrap(), says.to_owned())].into(),
                tag: None,
            };
            Body::CheckpointTaken { checkpoint: Box::new(checkpoint) }
        };
        let last = |bodies: Vec<Body>| {
            let told = notices("shop", &records(bodies));
            let fields = &told.last().unwrap().1.fields;
            fields.iter().find(|field| field.name == "Says").map(|field| field.value.clone())
        };
        let kept = |after| vec![started(), taken("7.0.0"), taken(after), ended(RunResult::Kept)];
        assert_eq!(last(kept("7.0.1")).as_deref(), Some("web: 7.0.0 to 7.0.1"));
        assert_eq!(last(kept("7.0.0")), None, "it says what it said");
        let Body::PlanMade { plan } = planned(Vec::new()) else { return };
        let target_said = [(ServiceName::new("web").unwrap(), "7.0.0".to_owned())].into();
        let back = Body::PlanMade { plan: Box::new(Plan { target_said, ..*plan }) };
        let mut bodies = vec![started(), taken("7.0.0"), back];
        assert_eq!(last(bodies.clone()).as_deref(), Some("web: 7.0.0"));
        bodies.extend([taken("7.0.1"), ended(RunResult::RolledBack)]);
        assert_eq!(last(bodies).as_deref(), Some("web: 7.0.1 to 7.0.0"));
    }

    #[test]
    fn each_takeover_is_told_once() {
        let over = || Body::TakenOver { by: "the switch".to_owned(), pid: 1 };
        let told = notices("shop", &records(vec![started(), over(), over()]));
        let ids: Vec<&str> = told.iter().map(|(_, notice)| notice.id.as_str()).collect();
        assert_eq!(ids, ["run-1/started", "run-1/taken_over-2", "run-1/taken_over-3"]);
    }

    #[test]
    fn the_same_records_give_the_same_notices_however_many_are_known() {
        let mut bodies = bad();
        let early = notices("shop", &records(bodies.clone()));
        bodies.push(ended(RunResult::NotVerified));
        let late = notices("shop", &records(bodies));
        assert_eq!(early[..], late[..2]);
        assert_eq!(late[2].1.severity, Severity::Critical);
    }
    #[test]
    fn what_is_observed_is_told_when_that_begins_and_how_it_ended() {
        let observed = |result, of: &str| {
            let finding = Finding { subject: "web".to_owned(), what: of.to_owned(), was_before: false };
            Body::Observed { observation: Observation { result, after_ms: 90_000, findings: vec![finding] } }
        };
        let answer =
            |holds| Body::ManualAnswered { answer: Answer { check: "login".to_owned(), holds, by: "anna".to_owned() } };
        let told = |bodies: Vec<Body>| -> Vec<(String, String)> {
            let all = [bad(), vec![Body::ObservationStarted { for_ms: 900_000 }], bodies].concat();
            let told = notices("shop", &records(all)).into_iter().skip(2);
            told.map(|(_, notice)| (notice.id, notice.text)).collect()
        };
        let of = |id: &str, text: &str| (id.to_owned(), text.to_owned());
        let begins = of("run-1/rolled_back", "What is required holds. It is observed for 15 min.");
        let held = vec![observed(ObservationResult::Held, ""), ended(RunResult::RolledBack), answer(true)];
        assert_eq!(told(held), [begins.clone(), of("run-1/observed", "Version 1 runs again.")]);
        let bad = vec![observed(ObservationResult::WentBad, "503"), ended(RunResult::NotVerified)];
        assert_eq!(told(bad), [begins.clone(), of("run-1/went_bad_again", "Version 1 runs again.\n- web: 503")]);
        let says = "anna says that the check `login` does not hold.";
        assert_eq!(told(vec![answer(false)]), [begins, of("run-1/went_bad_again-6", says)]);
    }
}
