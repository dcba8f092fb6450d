//! What incidents are measured by.

use crate::config::Incidents;
use crate::config::raw::{RawChecklists, RawIncidents};
use crate::config::read::{Field, Map, MapEntry, Scalar};
use crate::config::resolve::context::Context;
use crate::id::ItemName;
use crate::incident::{Item, Part, own_checklist};

/// Resolves what incidents are measured by.
pub(in crate::config::resolve) fn incidents(raw: Option<&RawIncidents>, context: &mut Context<'_>) -> Incidents {
    let Some(raw) = raw.and_then(|raw| raw.checklists.value()) else { return Incidents::default() };
    let has_defaults = context.value(&raw.defaults).unwrap_or(true);
    let own = Part::ALL.into_iter().flat_map(|part| items(part, of(raw, part), context)).collect();
    Incidents { checklists: own_checklist(has_defaults, own) }
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
