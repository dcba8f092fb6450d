//! Whether the data has to go back, and why.

use std::collections::BTreeMap;

use super::case::Case;
use crate::migrate::{Compatibility, compatibility};

/// Why the data of a database has to go back, or need not.
///
/// | named by a person, or a check of it fails | the target's release on today's schema | the data |
/// |---|---|---|
/// | yes | any | goes back |
/// | no | can run | stays |
/// | no | cannot run | goes back |
/// | no | unknown | nobody knows: a person decides |
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Need {
    /// A person says that it is damaged.
    pub(super) is_named: bool,
    /// Integrity queries that do not hold.
    pub(super) broken: Vec<String>,
    /// What the target's release would fail on.
    pub(super) breaks: Vec<String>,
    /// What cannot be judged.
    pub(super) unknown: Vec<String>,
    /// Why the target's release can run on today's schema, where it can.
    pub(super) runs: Option<String>,
}

impl Need {
    /// What a database needs.
    pub(super) fn of(case: &Case<'_>) -> Self {
        let broken = case.state.integrity.iter().filter(|check| check.blocks());
        let mut need = Self {
            is_named: case.request.data.damaged.contains(case.name),
            broken: broken.map(|check| format!("`{}`: {}", check.name, check.what)).collect(),
            ..Self::default()
        };
        if !case.moves_code() {
            need.runs = Some("no code changes".to_owned());
            return need;
        }
        match on_todays_schema(case) {
            Compatibility::Compatible { why } => need.runs = Some(why),
            Compatibility::Incompatible { why } => need.breaks = why,
            Compatibility::Unknown { why } => need.unknown = why,
        }
        need
    }

    /// Whether rows are wrong, which no migration mends.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_named || !self.broken.is_empty()
    }

    /// Whether the data has to go back.
    pub(super) fn is_there(&self) -> bool {
        self.is_damaged() || !self.breaks.is_empty()
    }

    /// Why it has to, in a sentence without a full stop.
    pub(super) fn why(&self) -> String {
        let mut whys = Vec::new();
        if self.is_named {
            whys.push("its rows were named as damaged".to_owned());
        }
        if !self.broken.is_empty() {
            whys.push(format!("checks of its rows fail: {}", self.broken.join("; ")));
        }
        if !self.breaks.is_empty() {
            whys.push(format!("the target's release cannot run on today's schema: {}", self.breaks.join("; ")));
        }
        if !self.unknown.is_empty() {
            whys.push(format!("whether the target's release can run is unknown: {}", self.unknown.join("; ")));
        }
        whys.join("; ")
    }
}

fn on_todays_schema(case: &Case<'_>) -> Compatibility {
    let (none, now) = (BTreeMap::new(), &case.state.schema);
    let Some(then) = case.then() else {
        let why = vec![format!("checkpoint `{}` does not say how the database was", case.target.id)];
        return Compatibility::Unknown { why };
    };
    let is_equal = then.schema_digest == now.digest();
    match case.database.schema_then.or(is_equal.then_some(now)) {
        Some(schema_then) => compatibility(schema_then, now, &case.since(&none)),
        None => {
            let why = vec![format!("the schema that checkpoint `{}` has cannot be read", case.target.id)];
            Compatibility::Unknown { why }
        }
    }
}
