//! What else counts beside the matrix, and what is said about it.

use backout_core::policy::{Case, Choice, Impact, Severity, Tags, weigh};

use super::rules;
use crate::world::at;

fn down() -> Case {
    let mut case = Case { findings: vec!["app.health.up: 503".to_owned()], ..Case::new(at(10)) };
    case.impacts.insert(Impact::ServiceDown);
    case
}

fn tags(said: &[&str]) -> Tags {
    let mut tags = Tags::default();
    said.iter().for_each(|tag| tags.add(tag).unwrap());
    tags
}

#[test]
fn every_rule_that_is_about_a_case_is_named_for_or_against() {
    let decision = weigh(&down().with_tags(tags(&["fix_within=9m", "vip=true"])), &rules("{ matrix: default }"));
    assert_eq!(decision.choice, Choice::FixForward);
    assert_eq!(decision.reasons_for, ["not to be rolled back, `quick-fix-urgent`: P1, a fix within 540 s"]);
    assert_eq!(
        decision.reasons_against,
        [
            "app.health.up: 503",
            "the matrix default, row `down`: service down",
            "the matrix default, row `vip`: vip true",
        ]
    );
}

#[test]
fn a_freeze_leaves_going_back_to_a_person_but_for_what_it_excepts() {
    // `at` counts from 22:13:20 UTC.
    let freeze = |except: &str| {
        rules(&format!("{{ freeze: [{{ name: nights, from: '22:00', until: '06:00', except: {except} }}] }}"))
    };
    let decision = weigh(&down(), &freeze("[P0]"));
    assert_eq!(decision.choice, Choice::Hold);
    assert_eq!(decision.reasons_for, ["the freeze `nights` leaves going back to a person"]);
    assert!(decision.reasons_against.contains(&"app.health.up: 503".to_owned()));
    assert_eq!(weigh(&down(), &freeze("[P0, P1]")).choice, Choice::RollBack);
    let quiet = Case { impacts: [Impact::Cosmetic].into(), ..Case::new(at(10)) };
    assert_eq!(weigh(&quiet, &freeze("[]")).choice, Choice::Observe, "what does not go back is not held up");
}

#[test]
fn a_limit_that_is_reached_leaves_it_to_a_person() {
    let case = Case { objections: vec!["2 automatic rollbacks within the hour".to_owned()], ..down() };
    let decision = weigh(&case, &rules("{}"));
    assert_eq!((decision.choice, decision.reasons_for), (Choice::Hold, case.objections));
}

#[test]
fn a_trigger_that_asks_for_a_person_gets_one_whatever_the_matrix_says() {
    let decision = weigh(&Case { usual: Choice::Hold, ..down() }, &rules("{}"));
    assert_eq!(decision.choice, Choice::Hold);
    assert_eq!(decision.reasons_for, ["app.health.up: 503", "what fired asks for a person"]);
    assert_eq!(decision.reasons_against.len(), 1, "the row that would go back: {decision:?}");
    assert_eq!(decision.severity(), Some(Severity::P1));
}

#[test]
fn what_can_be_fixed_soon_is_fixed_forward_unless_it_is_lasting() {
    let rules = rules("{ fix_forward_within: 45m, do_not_roll_back_when: [] }");
    let choice = |case: Case| weigh(&case.with_tags(tags(&["fix_within=40m"])), &rules).choice;
    assert_eq!(choice(down()), Choice::FixForward);
    assert_eq!(choice(Case { impacts: [Impact::DataLoss].into(), ..down() }), Choice::RollBack);
}

#[test]
fn the_time_that_a_fix_is_waited_for_counts_from_the_first_bad_sample() {
    let rules = rules("{ matrix: [{ name: all, then: roll_back_unless_fixed, within: 5m }] }");
    let waiting = weigh(&Case { since: at(-230), ..down() }, &rules);
    assert_eq!((waiting.choice, waiting.fix_by()), (Choice::RollBackUnlessFixed, Some(at(70))));
    let over = weigh(&Case { since: at(-290), ..down() }, &rules);
    assert_eq!((over.choice, over.fix_by()), (Choice::RollBack, None));
    assert!(over.reasons_for.contains(&"the time that a fix was waited for is over".to_owned()), "{over:?}");
}

#[test]
fn with_nothing_to_fall_back_to_what_is_usual_is_done() {
    let case = Case { impacts: [Impact::Dependency].into(), ..Case::new(at(10)) };
    let with = Case { fallbacks: vec!["app".to_owned()], ..case.clone() };
    let decision = weigh(&with, &rules("{}"));
    assert_eq!((decision.choice, decision.weighed.unwrap().fallbacks), (Choice::FallBack, vec!["app".to_owned()]));
    let decision = weigh(&case, &rules("{}"));
    assert_eq!(decision.choice, Choice::RollBack);
    assert_eq!(decision.reasons_against, ["the matrix default, row `dependency`: dependency"]);
}

#[test]
fn a_persons_word_on_the_severity_counts_and_decides_by_the_rows() {
    let rules = rules("{ matrix: heliosdb }");
    let case = Case { severity: Some(Severity::P3), ..down() };
    let decision = weigh(&case, &rules);
    assert_eq!((decision.severity(), decision.choice), (Some(Severity::P3), Choice::FixForward));
    assert_eq!(decision.weighed.unwrap().severity_by, "P3: a person says so");
}

#[test]
fn the_same_case_gives_the_same_decision_once_it_was_written_and_read_again() {
    let rules = rules("{ matrix: himalytix }");
    let decision = weigh(&down().with_tags(tags(&["error_rate=7%"])), &rules);
    let text = serde_json::to_string(&decision).unwrap();
    let read: backout_core::policy::Decision = serde_json::from_str(&text).unwrap();
    assert_eq!(read, decision);
    assert_eq!(weigh(&read.weighed.unwrap().case, &rules), decision);
}
