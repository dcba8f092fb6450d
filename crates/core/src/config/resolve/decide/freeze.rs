//! Freezes.

use crate::config::leaf::{ClockOffset, Day, Moment};
use crate::config::raw::RawFreeze;
use crate::config::read::Located;
use crate::config::resolve::context::Context;
use crate::policy::{Freeze, FreezeSpan};

/// A freeze, the `place`-th.
pub(super) fn freeze(raw: &RawFreeze, place: usize, context: &mut Context<'_>) -> Option<Freeze> {
    let name = context.value(&raw.name).unwrap_or_else(|| format!("freeze-{place}"));
    let days = context.list(&raw.days).into_iter().map(|Day(day)| day).collect();
    let offset_s = context.value(&raw.offset).map_or(0, |ClockOffset(seconds)| seconds);
    let except = context.list(&raw.except).into_iter().collect();
    let (from, until) = (context.value(&raw.from), context.value(&raw.until));
    let span = match (from?, until?) {
        (Moment::Daily(from), Moment::Daily(until)) => FreezeSpan::Weekly { days, from, until, offset_s },
        (Moment::Once(from), Moment::Once(until)) if from < until => {
            if let Some(at) = raw.days.key().or(raw.offset.key()) {
                let message = "`days` and `offset` are for times of a day".to_owned();
                context.contradiction(at, message, "remove them".to_owned());
            }
            FreezeSpan::Once { from, until }
        }
        (Moment::Once(_), Moment::Once(_)) => {
            let message = format!("`{name}` ends before it begins");
            context.contradiction(raw.until.key()?, message, "swap `from` and `until`".to_owned());
            return None;
        }
        _ => {
            let message = format!("`{name}` begins at a time of a day and ends once, or the other way round");
            context.contradiction(raw.at(), message, "write `from` and `until` in the same way".to_owned());
            return None;
        }
    };
    Some(Freeze { name, span, except })
}
