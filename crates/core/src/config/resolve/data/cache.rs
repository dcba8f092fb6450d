//! Caches.

use std::collections::BTreeMap;

use super::name::label;
use crate::config::leaf::{FlushWord, Word, literal_password};
use crate::config::raw::{RawCache, RawEnvironment};
use crate::config::read::Either;
use crate::config::resolve::context::Context;
use crate::config::{Cache, Flush, ProblemCode};

/// Resolves the caches of an environment.
pub(in crate::config::resolve) fn caches(raw: &RawEnvironment, context: &mut Context<'_>) -> BTreeMap<String, Cache> {
    let mut caches = BTreeMap::new();
    for entry in raw.caches.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = label(&entry.key, entry.at, "a cache", context);
        let cache = entry.value.as_ref().and_then(|raw| cache(raw, context));
        caches.extend(name.zip(cache));
    }
    caches
}

fn cache(raw: &RawCache, context: &mut Context<'_>) -> Option<Cache> {
    let redis = raw.redis.value().and_then(|scalar| context.secret(scalar, literal_password));
    let flush = flush(raw, context);
    Some(Cache { redis: redis?, flush })
}

fn flush(raw: &RawCache, context: &mut Context<'_>) -> Flush {
    match raw.flush.value() {
        None => Flush::Nothing,
        Some(Either::Short(scalar)) => match context.scalar(scalar) {
            None | Some(FlushWord::Nothing) => Flush::Nothing,
            Some(FlushWord::Database) => Flush::Database,
            Some(FlushWord::Everything) => Flush::Everything,
        },
        Some(Either::Long(long)) => {
            let Some((scalar, Word(pattern))) =
                long.pattern.value().and_then(|scalar| Some((scalar, context.scalar(scalar)?)))
            else {
                return Flush::Nothing;
            };
            if pattern.is_empty() {
                let hint = "write a pattern of Redis, `session:*`, or `flush: database`".to_owned();
                context.error(ProblemCode::InvalidValue, scalar.span, "the pattern matches no key".to_owned(), hint);
            }
            Flush::Pattern(pattern)
        }
    }
}
