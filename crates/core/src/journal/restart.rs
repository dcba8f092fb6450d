//! Starting a service anew on purpose, outside of any run.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ActStage, Body, Record};
use crate::id::ServiceName;

/// A service is started anew by a person, and goes on being what it is. It is recorded before it is done, and with what came
/// of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Restart {
    /// Which service.
    pub service: ServiceName,
    /// Who.
    pub by: String,
    /// Why, where that was said.
    pub reason: Option<String>,
    /// How far it is.
    pub stage: ActStage,
}

/// Every restart, the oldest first, each with when it was begun and as far as it came. One that never ended was interrupted.
#[must_use]
pub fn restarts(records: &[Record]) -> Vec<(Timestamp, Restart)> {
    let mut all: Vec<(Timestamp, Restart)> = Vec::new();
    for record in records {
        let Body::ServiceRestarted { restart } = &record.body else { continue };
        let is_open = |(_, begun): &&mut (Timestamp, Restart)| {
            begun.service == restart.service && begun.stage == ActStage::Intended && restart.stage != ActStage::Intended
        };
        match all.iter_mut().rev().find(is_open) {
            Some((_, begun)) => begun.stage = restart.stage.clone(),
            None => all.push((record.at, (**restart).clone())),
        }
    }
    all
}
