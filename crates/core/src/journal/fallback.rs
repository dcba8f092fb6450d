//! Switching something on in place of going back, and off again.

use std::collections::BTreeMap;

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
/// may be.
#[must_use]
pub fn fallbacks_on(records: &[Record]) -> BTreeMap<String, Timestamp> {
    let mut on = BTreeMap::new();
    for record in records {
        let Body::FallbackSwitched { switching } = &record.body else { continue };
        match (switching.on, &switching.stage) {
            (true, ActStage::Intended | ActStage::Done { .. }) => {
                on.entry(switching.name.clone()).or_insert(record.at);
            }
            (false, ActStage::Done { .. }) => _ = on.remove(&switching.name),
            (_, ActStage::Intended | ActStage::Failed { .. }) => {}
        }
    }
    on
}
