//! The rules as a whole.
//!
//! | the configuration has        | rows come from  | everything else that it does not say |
//! |------------------------------|-----------------|--------------------------------------|
//! | `matrix: NAME`               | that preset     | that preset                          |
//! | `matrix: [rows]`             | itself          | `default`                            |
//! | a `tree` and no `matrix`     | nowhere         | `default`                            |
//! | neither                      | `default`       | `default`                            |

use std::collections::BTreeMap;

use super::freeze::freeze;
use super::row::{branch, exception, row};
use super::when::{Of, when};
use crate::config::leaf::Period;
use crate::config::raw::{RawEnvironment, RawMatrix, RawObjectives, RawPolicy, RawPreset, RawWhen};
use crate::config::read::{Field, List, Map, Scalar, Shape, Sink, tree};
use crate::config::resolve::context::Context;
use crate::config::{ProblemCode, Service, Span};
use crate::id::ServiceName;
use crate::policy::{Objective, Rules, Severity, Tags, When, preset_text};

/// Resolves the rules of an environment.
pub(in crate::config::resolve) fn rules(
    raw: &RawEnvironment,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Rules {
    let policy = raw.policy.value();
    let chosen = match policy.and_then(|policy| policy.matrix.value()) {
        Some(RawMatrix::Preset(name)) => context.scalar(name).map(|name| name.0),
        _ => None,
    };
    let usual = preset(chosen.unwrap_or("default"));
    let of = Of { services: Some(services) };
    let rules = match policy {
        Some(policy) => said(policy, usual, &of, context),
        None => usual,
    };
    with_objectives(rules, raw.objectives.value(), context)
}

/// The rules of a preset. Presets are a part of this program: a test reads each of them and finds no problem.
fn preset(name: &str) -> Rules {
    let mut sink = Sink::new();
    let node = preset_text(name).and_then(|text| tree(text, &mut sink));
    let Some(raw) = node.and_then(|node| RawPreset::read(&node, &mut sink)) else { return Rules::default() };
    let mut context = Context::new(&|_| None);
    let policy = raw.policy.value();
    let rules = policy.map(|policy| said(policy, Rules::default(), &Of { services: None }, &mut context));
    let rules = with_objectives(rules.unwrap_or_default(), raw.objectives.value(), &mut context);
    Rules { matrix: name.to_owned(), ..rules }
}

/// What is written, in place of what is usual.
fn said(raw: &RawPolicy, usual: Rules, of: &Of<'_>, context: &mut Context<'_>) -> Rules {
    let mut rules = usual;
    match raw.matrix.value() {
        Some(RawMatrix::Own(List(rows))) => {
            rules.rows = (1..).zip(rows).filter_map(|(place, raw)| row(raw, place, of, context)).collect();
            (rules.matrix, rules.tree) = ("own".to_owned(), None);
        }
        None if raw.tree.value().is_some() => (rules.matrix, rules.rows) = ("own".to_owned(), Vec::new()),
        Some(RawMatrix::Preset(_)) | None => {}
    }
    if let Some(raw) = raw.tree.value() {
        rules.tree = branch(raw, of, context);
    }
    if let Some(map) = raw.severities.value() {
        rules.severities = severities(map, of, context);
    }
    if let Some(List(rows)) = raw.do_not_roll_back_when.value() {
        rules.exceptions = (1..).zip(rows).filter_map(|(place, raw)| exception(raw, place, of, context)).collect();
    }
    if let Some(List(freezes)) = raw.freeze.value() {
        rules.freeze = (1..).zip(freezes).filter_map(|(place, raw)| freeze(raw, place, context)).collect();
    }
    let mut period = |field| context.value(field).map(|Period(period)| period);
    rules.fix_forward_within = period(&raw.fix_forward_within).or(rules.fix_forward_within);
    rules.fixed_after = period(&raw.fixed_after).or(rules.fixed_after);
    rules.tags = tags(&raw.tags, context);
    rules
}

/// The cases of each severity, the worst severity first.
fn severities(map: &Map<List<RawWhen>>, of: &Of<'_>, context: &mut Context<'_>) -> Vec<(Severity, When)> {
    let mut all = Vec::new();
    for entry in &map.0 {
        let severity = severity(&entry.key, entry.at, context);
        for raw in entry.value.iter().flat_map(|list| &list.0) {
            let case = when(raw, of, context);
            if let Some(at) = raw.severity.key() {
                let message = "a severity cannot depend on the severity".to_owned();
                context.contradiction(at, message, "remove `severity` here".to_owned());
            }
            all.extend(severity.map(|severity| (severity, case)));
        }
    }
    all.sort_by_key(|(severity, _)| *severity);
    all
}

fn severity(key: &str, at: Span, context: &mut Context<'_>) -> Option<Severity> {
    key.parse().map_err(|error| context.error(ProblemCode::InvalidValue, at, error, None)).ok()
}

fn with_objectives(mut rules: Rules, raw: Option<&RawObjectives>, context: &mut Context<'_>) -> Rules {
    let entries = raw.and_then(|raw| raw.severities.value()).map(|map| map.0.as_slice()).unwrap_or_default();
    for entry in entries {
        let severity = severity(&entry.key, entry.at, context);
        let (Some(severity), Some(raw)) = (severity, &entry.value) else { continue };
        let mut period = |field| context.value(field).map(|Period(period)| period);
        let (detect, decide, restore) = (period(&raw.detect), period(&raw.decide), period(&raw.restore));
        let usual = rules.objectives.get(&severity).copied().unwrap_or_default();
        rules.objectives.insert(severity, Objective { detect, decide, restore }.or(usual));
    }
    rules
}

fn tags(raw: &Field<Map<Scalar<crate::config::leaf::Word>>>, context: &mut Context<'_>) -> Tags {
    let mut tags = Tags::default();
    for entry in raw.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let Some(scalar) = &entry.value else { continue };
        let Some(word) = context.scalar(scalar) else { continue };
        if let Err(bad) = tags.insert(&entry.key, &word.0) {
            context.error(ProblemCode::InvalidValue, scalar.span, bad.to_string(), None);
        }
    }
    tags
}
