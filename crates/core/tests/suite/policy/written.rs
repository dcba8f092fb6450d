//! Rules as a team writes them.

use std::time::Duration;

use backout_core::config::{FallbackBy, load};
use backout_core::policy::{Choice, Next, Severity};

use super::{environment, rules};

fn problems(rest: &str) -> Vec<String> {
    let head =
        "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: { compose: {} }\n    services: { app: }\n";
    match load(&format!("{head}    {rest}\n"), &|_| None) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0.iter().map(|problem| problem.message.clone()).collect(),
    }
}

#[test]
fn rows_of_ones_own_take_the_place_of_the_presets_and_the_rest_stays() {
    let own = rules("{ matrix: [{ when: { service: app, share: { above: 50% } }, then: hold }] }");
    assert_eq!((own.matrix.as_str(), own.rows.len(), own.rows[0].name.as_str()), ("own", 1, "row-1"));
    assert_eq!(own.rows[0].then, Choice::Hold);
    assert_eq!(own.severities, rules("{}").severities);
    assert_eq!(own.exceptions, rules("{}").exceptions);
}

#[test]
fn a_tree_without_a_matrix_is_asked_at_once() {
    let own = rules(
        "{ tree: { ask: { tier: application }, yes: roll_back, no: { ask: { tags: { region: [eu, us] } }, yes: hold, no: observe } } }",
    );
    assert!(own.rows.is_empty());
    let tree = own.tree.unwrap();
    assert_eq!(tree.yes, Next::Choice(Choice::RollBack));
    assert!(matches!(tree.no, Next::Ask(branch) if branch.no == Next::Choice(Choice::Observe)));
}

#[test]
fn severities_are_sought_the_worst_first_and_objectives_add_to_the_presets() {
    let policy = "{ severities: { P3: [{ tags: { region: moon } }], P0: [{ impact: errors }] } }";
    let environment = environment(policy, "    objectives: { severities: { P0: { detect: 30s } } }\n");
    let rules = environment.policy.rules;
    let order: Vec<Severity> = rules.severities.iter().map(|(severity, _)| *severity).collect();
    assert_eq!(order, [Severity::P0, Severity::P3]);
    let objective = rules.objectives[&Severity::P0];
    assert_eq!((objective.detect, objective.restore), (Some(Duration::from_secs(30)), Some(Duration::from_secs(900))));
}

#[test]
fn a_fallback_is_commands_or_an_address() {
    let rest = "    fallback: { on: [flag, set, safe], off: flag unset safe, timeout: 5s }\n";
    let fallbacks = environment("{}", rest).fallbacks;
    let fallback = &fallbacks["environment"];
    let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let by = FallbackBy::Commands { on: argv(&["flag", "set", "safe"]), off: argv(&["sh", "-c", "flag unset safe"]) };
    assert_eq!((&fallback.by, fallback.timeout, &fallback.service), (&by, Duration::from_secs(5), &None));
    assert_eq!(
        problems("fallback: { on: [flag] }"),
        ["what is switched on must be switched off again: `on` or `off` is missing"]
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (rest, problem) in [
        ("policy: { matrix: heliosbd }", "`heliosbd` is not a decision matrix that is known"),
        ("policy: { matrix: [{ then: roll_back_unless_fixed }] }", "`row-1` does not say how long a fix is waited for"),
        ("policy: { matrix: [{ then: hold, within: 5m }] }", "`within` is for `roll_back_unless_fixed`"),
        ("policy: { matrix: [{ when: { service: ap }, then: hold }] }", "there is no service `ap`"),
        ("policy: { matrix: [{ when: { share: {} }, then: hold }] }", "a limit has neither `above` nor `below`"),
        ("policy: { severities: { P9: [] } }", "`P9` is not a severity; write P0, P1, P2, P3 or P4"),
        ("policy: { severities: { P1: [{ severity: P0 }] } }", "a severity cannot depend on the severity"),
        (
            "policy: { do_not_roll_back_when: [{ when: {}, then: roll_back }] }",
            "what is not to be rolled back cannot be rolled back",
        ),
        (
            "policy: { freeze: [{ from: '18:00', until: 2027-01-02T00:00:00Z }] }",
            "`freeze-1` begins at a time of a day and ends once, or the other way round",
        ),
        (
            "policy: { freeze: [{ from: 2027-01-02T00:00:00Z, until: 2026-01-02T00:00:00Z }] }",
            "`freeze-1` ends before it begins",
        ),
        ("policy: { tags: { vip: yes } }", "the tag `vip` takes `true` or `false`, not `yes`"),
        (
            "policy: { tree: { ask: {}, yes: roll_back_unless_fixed, no: hold } }",
            "a tree does not say how long a fix is waited for",
        ),
    ] {
        assert_eq!(problems(rest), [problem], "{rest}");
    }
}
