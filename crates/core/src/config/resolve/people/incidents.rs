//! What incidents are measured by.

use crate::config::leaf::Period;
use crate::config::raw::{RawChecklists, RawIncidents, RawPostMortem};
use crate::config::read::{Field, Map, MapEntry, Scalar};
use crate::config::resolve::context::Context;
use crate::config::{Incidents, PostMortem};
use crate::id::ItemName;
use crate::incident::{Checklists, Item, Part, own_checklist};

/// Resolves what incidents are measured by.
pub(in crate::config::resolve) fn incidents(raw: Option<&RawIncidents>, context: &mut Context<'_>) -> Incidents {
    let Some(raw) = raw else { return Incidents::default() };
    Incidents {
        checklists: raw.checklists.value().map(|raw| checklists(raw, context)).unwrap_or_default(),
        post_mortem: raw.post_mortem.value().map(|raw| post_mortem(raw, context)).unwrap_or_default(),
    }
}

fn post_mortem(raw: &RawPostMortem, context: &mut Context<'_>) -> PostMortem {
    if let (Some(at), true) = (raw.template.key(), raw.drafts.is_absent()) {
        let message = "`template` is for what is written into `drafts`, and there is no such folder".to_owned();
        context.contradiction(at, message, "add `drafts: FOLDER`, or remove `template`".to_owned());
    }
    PostMortem {
        within: context.value(&raw.within).map(|Period(within)| within),
        drafts: context.value(&raw.drafts),
        template: context.value(&raw.template),
    }
}

fn checklists(raw: &RawChecklists, context: &mut Context<'_>) -> Checklists {
    let has_defaults = context.value(&raw.defaults).unwrap_or(true);
    let own = Part::ALL.into_iter().flat_map(|part| items(part, of(raw, part), context)).collect();
    own_checklist(has_defaults, own)
}

fn of(raw: &RawChecklists, part: Part) -> &Field<Map<Scalar<String>>> {
    match part {
        Part::Before => &raw.before,
        Part::During => &raw.during,
        Part::After => &raw.after,
    }
}

fn items(part: Part, raw: &Field<Map<Scalar<String>>>, context: &mut Context<'_>) -> Vec<Item> {
    let entries = raw.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let item = |entry: &MapEntry<Scalar<String>>| {
        let name = context.name::<ItemName>(&entry.key, entry.at);
        let text = context.scalar(entry.value.as_ref()?)?;
        Some(Item { part, id: name?.to_string(), text, evidence: None })
    };
    entries.iter().filter_map(item).collect()
}
