//! Conditions of rules.

use std::collections::BTreeMap;

use crate::config::leaf::{Amount, Period, Word};
use crate::config::raw::{RawLimit, RawTagTest, RawWhen};
use crate::config::read::{Either, Field, Leaf, Located, OneOrMany, Scalar, nearest};
use crate::config::resolve::context::Context;
use crate::config::{ProblemCode, Service};
use crate::id::ServiceName;
use crate::policy::{Limit, TagTest, When};

/// What conditions can name; a preset names no service.
pub(super) struct Of<'a> {
    pub(super) services: Option<&'a BTreeMap<ServiceName, Service>>,
}

/// Resolves a condition.
pub(super) fn when(raw: &RawWhen, of: &Of<'_>, context: &mut Context<'_>) -> When {
    let service = many(&raw.service, context);
    refuse_strangers(&raw.service, of, context);
    When {
        severity: many(&raw.severity, context),
        impact: many(&raw.impact, context),
        service,
        tier: context.value(&raw.tier),
        share: limit(&raw.share, context),
        error_rate: limit(&raw.error_rate, context),
        latency_rise: limit(&raw.latency_rise, context),
        failures: limit(&raw.failures, context),
        fix_within: context.value(&raw.fix_within).map(|Period(period)| period),
        tags: raw.tags.value().map(|map| map.0.as_slice()).unwrap_or_default().iter().fold(
            BTreeMap::new(),
            |mut tags, entry| {
                let test = entry.value.as_ref().and_then(|raw| tag_test(raw, context));
                tags.extend(test.map(|test| (entry.key.clone(), test)));
                tags
            },
        ),
    }
}

fn many<T: Leaf>(field: &Field<OneOrMany<Scalar<T>>>, context: &mut Context<'_>) -> Vec<T> {
    scalars(field).into_iter().filter_map(|scalar| context.scalar(scalar)).collect()
}

fn scalars<T>(field: &Field<OneOrMany<Scalar<T>>>) -> Vec<&Scalar<T>> {
    match field.value() {
        None => Vec::new(),
        Some(OneOrMany::One(scalar)) => vec![scalar],
        Some(OneOrMany::Many(scalars)) => scalars.iter().collect(),
    }
}

fn refuse_strangers(field: &Field<OneOrMany<Scalar<ServiceName>>>, of: &Of<'_>, context: &mut Context<'_>) {
    let Some(services) = of.services else { return };
    for scalar in scalars(field).into_iter().filter(|scalar| !scalar.text.contains("${")) {
        if services.keys().all(|service| service.as_str() != scalar.text) {
            let near = nearest(&scalar.text, services.keys().map(ServiceName::as_str));
            let hint = near.map(|name| format!("did you mean `{name}`?"));
            let message = format!("there is no service `{}`", scalar.text);
            context.error(ProblemCode::UnknownService, scalar.span, message, hint);
        }
    }
}

fn limit(field: &Field<RawLimit>, context: &mut Context<'_>) -> Option<Limit> {
    let raw = field.value()?;
    limited(raw, context)
}

fn limited(raw: &RawLimit, context: &mut Context<'_>) -> Option<Limit> {
    if raw.above.is_absent() && raw.below.is_absent() {
        let message = "a limit has neither `above` nor `below`".to_owned();
        context.contradiction(raw.at(), message, "write `{ above: 5% }` or `{ below: 2 }`".to_owned());
        return None;
    }
    let mut amount = |field| context.value(field).map(|Amount(amount)| amount);
    Some(Limit { above: amount(&raw.above), below: amount(&raw.below) })
}

fn tag_test(raw: &RawTagTest, context: &mut Context<'_>) -> Option<TagTest> {
    let words = match raw {
        Either::Long(raw) => return limited(raw, context).map(TagTest::Within),
        Either::Short(OneOrMany::One(scalar)) => vec![scalar],
        Either::Short(OneOrMany::Many(scalars)) => scalars.iter().collect(),
    };
    let words: Option<Vec<String>> =
        words.into_iter().map(|scalar| context.scalar(scalar).map(|Word(word)| word)).collect();
    words.map(TagTest::Is)
}
