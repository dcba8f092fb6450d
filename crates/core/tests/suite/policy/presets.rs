//! Every row of every runbook: what it says is what its preset comes to.

use backout_core::policy::{Case, Choice, Decision, Impact, PRESETS, Severity, Tags, weigh};

use super::rules;
use crate::world::at;

/// What is the matter, as tags; `impact` may be several, with `+` between them. The share, the failures and what there is
/// to fall back to are measured.
fn decide(preset: &str, said: &str) -> Decision {
    let rules = rules(&format!("{{ matrix: {preset} }}"));
    let mut case = Case { fallbacks: vec!["flag".to_owned()], ..Case::new(at(10)) };
    let mut tags = Tags::default();
    for tag in said.split_whitespace() {
        match tag.split_once('=') {
            Some(("failures", times)) => case.failures = Some(times.parse().unwrap()),
            Some(("share", share)) => case.share = share.parse().unwrap(),
            Some(("impact", impacts)) => {
                case.impacts.extend(impacts.split('+').map(|word| word.parse::<Impact>().unwrap()))
            }
            _ => tags.add(tag).unwrap(),
        }
    }
    weigh(&case.with_tags(tags), &rules)
}

fn agrees(preset: &str, table: &[(&str, Severity, Choice)]) {
    for (said, severity, choice) in table {
        let decision = decide(preset, said);
        assert_eq!(
            (decision.severity(), decision.choice),
            (Some(*severity), *choice),
            "{preset}, {said}: {decision:#?}"
        );
        assert!(!decision.reasons_for.is_empty(), "{preset}, {said}");
    }
}

use Choice::{FallBack, FixForward, Hold, Observe, RollBack, RollBackUnlessFixed};
use Severity::{P0, P1, P2, P3, P4};

#[test]
fn heliosdb_follows_its_matrix() {
    let table = [
        ("impact=service_down", P1, RollBack),
        ("data_loss=true", P1, RollBack),
        ("security=true", P1, RollBack),
        ("impact=major_degradation", P2, RollBackUnlessFixed),
        ("impact=partial_loss", P2, Hold),
        ("impact=minor_degradation", P3, FixForward),
        ("impact=cosmetic", P4, Observe),
        ("impact=dependency", P2, FallBack),
        // Its triggers for going back at once.
        ("impact=data_corruption", P1, RollBack),
        ("impact=compliance", P1, RollBack),
        ("impact=resources", P1, RollBack),
        ("impact=slow latency_rise=501%", P1, RollBack),
        ("impact=errors error_rate=26%", P1, RollBack),
        // And when not to.
        ("impact=slow latency_rise=99%", P2, FixForward),
        ("impact=errors error_rate=24% fix_within=29m", P2, FixForward),
        ("impact=slow latency_rise=200% fix_within=31m", P2, RollBackUnlessFixed),
        ("impact=service_down fix_within=5m", P1, RollBack),
    ];
    agrees("heliosdb", &table);
    let by = decide("heliosdb", "impact=major_degradation").fix_by().unwrap();
    assert_eq!(by.duration_since(at(10)).as_secs(), 15 * 60);
}

#[test]
fn piper_morgan_follows_its_matrix_and_its_thresholds() {
    let table = [
        ("impact=service_down", P1, RollBack),
        ("impact=slow failures=3", P2, RollBack),
        ("impact=slow failures=2", P2, Observe),
        ("impact=configuration", P2, Hold),
        ("impact=data_corruption", P1, RollBack),
        ("security=true", P1, RollBack),
        ("impact=errors error_rate=5.1% failures=2", P2, RollBack),
        ("impact=dependency", P2, FallBack),
    ];
    agrees("piper-morgan", &table);
    agrees("helm-and-compose", &[("impact=dependency", P2, FallBack), ("impact=slow", P2, RollBack)]);
}

#[test]
fn himalytix_follows_its_tree_and_its_exceptions() {
    let table = [
        // What it rolls back for, and how its tree decides it.
        ("impact=errors error_rate=5.1%", P1, RollBack),
        ("impact=critical_function", P1, RollBack),
        ("impact=service_down share=1", P0, RollBack),
        ("data_loss=true", P0, RollBack),
        ("security=true", P0, RollBack),
        ("vip=true impact=partial_loss", P1, RollBack),
        ("impact=critical_function fix_within=9m", P1, FixForward),
        ("impact=critical_function fix_within=11m", P1, RollBack),
        ("impact=slow", P2, FixForward),
        // When it does not.
        ("impact=cosmetic", P4, FixForward),
        ("impact=critical_function tenants_affected=1", P1, FixForward),
        ("impact=critical_function tenants_affected=2", P1, RollBack),
        ("impact=critical_function tenants_affected=1 vip=true", P1, RollBack),
        ("impact=partial_loss", P2, FixForward),
        ("impact=configuration fix_within=5m", P2, FixForward),
        // What is not the deploy's doing, whatever else it costs.
        ("impact=dependency", P2, FallBack),
        ("impact=dependency vip=true", P1, FallBack),
    ];
    agrees("himalytix", &table);
    let within = |said| {
        let weighed = decide("himalytix", said).weighed.unwrap();
        weighed.restore_by.map(|by| by.duration_since(at(10)).as_secs() / 60)
    };
    assert_eq!(within("data_loss=true"), Some(15));
    assert_eq!(within("impact=critical_function"), Some(30));
    assert_eq!(within("impact=slow"), Some(120));
}

#[test]
fn predator_follows_its_list_and_its_scenarios() {
    let table = [
        ("impact=errors error_rate=5.1%", P1, RollBack),
        ("impact=critical_function", P1, RollBack),
        ("impact=data_corruption", P0, RollBack),
        ("security=true", P0, RollBack),
        ("impact=slow latency_rise=51%", P2, RollBack),
        ("impact=slow latency_rise=49%", P2, Observe),
        ("impact=slow error_rate=5.1% latency_rise=49%", P1, RollBack),
        ("impact=service_down", P1, RollBack),
        ("impact=migration", P1, Hold),
        ("impact=configuration", P2, RollBack),
        ("impact=dependency", P2, FallBack),
    ];
    agrees("predator", &table);
}

#[test]
fn helm_and_compose_goes_back_for_what_it_considers() {
    let table = [
        ("impact=service_down", P1, RollBack),
        ("impact=critical_function", P1, RollBack),
        ("impact=slow", P2, RollBack),
        ("impact=resources", P2, RollBack),
        ("impact=migration", P1, RollBack),
        ("impact=data_corruption", P1, RollBack),
        ("security=true", P1, RollBack),
    ];
    agrees("helm-and-compose", &table);
}

#[test]
fn the_default_goes_back_for_whatever_is_measured_and_listens_to_people() {
    let table = [
        ("impact=service_down", P1, RollBack),
        ("impact=service_down share=0.6", P0, RollBack),
        ("impact=errors error_rate=6%", P2, RollBack),
        ("impact=errors error_rate=26%", P1, RollBack),
        ("impact=slow", P2, RollBack),
        ("impact=deploy_failed", P2, RollBack),
        ("impact=data_corruption", P0, RollBack),
        ("", P2, RollBack),
        ("impact=dependency", P2, FallBack),
        ("data_loss=true fix_within=1m", P0, RollBack),
        ("impact=errors fix_within=20m", P2, FixForward),
        ("impact=service_down fix_within=20m", P1, RollBack),
        ("impact=service_down fix_within=9m", P1, FixForward),
        ("impact=errors tenants_affected=1", P2, FixForward),
        ("impact=errors tenants_affected=1 vip=true", P1, RollBack),
        ("impact=major_degradation", P2, RollBackUnlessFixed),
        ("impact=partial_loss", P2, RollBackUnlessFixed),
        ("impact=minor_degradation", P3, FixForward),
        ("impact=cosmetic", P4, Observe),
        // What is measured counts, whatever else is said.
        ("impact=errors+cosmetic", P2, RollBack),
        ("impact=service_down+minor_degradation", P1, RollBack),
    ];
    agrees("default", &table);
}

#[test]
fn every_preset_is_read_whole_and_names_its_runbook() {
    for (name, source) in PRESETS {
        let rules = rules(&format!("{{ matrix: {name} }}"));
        assert_eq!(rules.matrix, name);
        assert!(!source.is_empty() && !rules.severities.is_empty() && !rules.objectives.is_empty(), "{name}");
        assert!(!rules.rows.is_empty() || rules.tree.is_some(), "{name}");
        let text = backout_core::policy::preset_text(name).unwrap();
        let count = |key: &str| text.matches(key).count();
        assert_eq!(
            rules.rows.len() + rules.exceptions.len(),
            count("- { name: "),
            "a row of {name} was not understood"
        );
        let cases = count("- { impact:") + count("- { error_rate:") + count("- { latency_rise:") + count("- { tags:");
        assert_eq!(rules.severities.len(), cases, "a case of {name} was not understood");
    }
    assert_eq!(rules("{}"), rules("{ matrix: default }"), "nothing configured is the default");
}
