//! Switching something on in place of going back, and off again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ActStage, Body, Record};

/// One switching of a fallback. It is recorded before it is done, and with what came of it. Within a run the run switches
/// it; outside of any, a person does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FallbackSwitching {
    /// Its name: that of its service, or `environment`.
    pub name: String,
    /// Whether it is switched on.
    pub on: bool,
    /// Who switches it.
    pub by: String,
    /// How far it is.
    pub stage: ActStage,
}

/// The fallbacks that are on, each with since when. One that somebody was interrupted at counts as on, whichever way: it
/// may be. One that could not be switched stays as it was: else the next bad deploy would have nothing to fall back to,
/// because an address was away once.
#[must_use]
pub fn fallbacks_on(records: &[Record]) -> BTreeMap<String, Timestamp> {
    let (mut on, mut in_doubt) = (BTreeMap::new(), BTreeSet::new());
    for record in records {
        let Body::FallbackSwitched { switching } = &record.body else { continue };
        match (switching.on, &switching.stage) {
            (true, ActStage::Intended) => {
                if !on.contains_key(&switching.name) {
                    on.insert(switching.name.clone(), record.at);
                    in_doubt.insert(switching.name.clone());
                }
            }
            (true, ActStage::Done { .. }) => {
                on.entry(switching.name.clone()).or_insert(record.at);
                in_doubt.remove(&switching.name);
            }
            (true, ActStage::Failed { .. }) if in_doubt.remove(&switching.name) => _ = on.remove(&switching.name),
            (false, ActStage::Done { .. }) => {
                on.remove(&switching.name);
                in_doubt.remove(&switching.name);
            }
            (_, ActStage::Intended | ActStage::Failed { .. }) => {}
        }
    }
    on
}
