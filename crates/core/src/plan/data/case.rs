//! One database, what is wanted of it, and what its steps are called.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::DataSituation;
use crate::data::{DataPoint, DatabaseState, Fence, Manifest, RestorePoint, Rung};
use crate::id::{DatabaseName, ServiceName};
use crate::inventory::Checkpoint;
use crate::migrate::Since;
use crate::plan::{Estimates, Request, Scope};
use crate::port::Preflight;

/// The longest name of a database, in bytes.
const LONGEST: usize = 63;

/// One database that may go back.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) name: &'a DatabaseName,
    pub(super) request: &'a Request,
    pub(super) target: &'a Checkpoint,
    pub(super) database: &'a DataSituation<'a>,
    pub(super) state: &'a DatabaseState,
    /// The services that write to it and that the plan changes.
    pub(super) fences: &'a [Fence],
    /// The services that use it and that the plan leaves running.
    pub(super) cut_off: &'a [ServiceName],
    pub(super) estimates: &'a Estimates,
    pub(super) now: Timestamp,
}

impl<'a> Case<'a> {
    /// The rung that was asked for, by name or by what only one rung does.
    pub(super) fn asked(&self) -> Option<Rung> {
        let wish = &self.request.data;
        let implied = match (wish.tables.is_empty(), &wish.moment) {
            (false, _) => Some(Rung::Tables),
            (true, Some(_)) => Some(Rung::PointInTime),
            (true, None) => None,
        };
        wish.rung.or(implied)
    }

    /// Whether code of the target is to run on it.
    pub(super) fn moves_code(&self) -> bool {
        matches!(self.request.scope, Scope::Stack | Scope::Services { .. })
    }

    /// How the target has it.
    pub(super) fn then(&self) -> Option<&'a DataPoint> {
        self.database.then
    }

    /// The name of a copy.
    pub(super) fn copy(&self) -> String {
        suffixed(&self.state.dbname, &format!("_rb_{}", self.database.suffix))
    }

    /// The name of what is put aside.
    pub(super) fn aside(&self) -> String {
        suffixed(&self.state.dbname, &format!("_damaged_{}", self.database.suffix))
    }

    /// The restore point with its manifest, where it can be restored.
    pub(super) fn usable(&self) -> Result<(&'a RestorePoint, &'a Manifest), String> {
        let Some(point) = self.database.point else { return Err("there is no restore point".to_owned()) };
        let id = &point.id;
        match self.database.is_stored {
            Preflight::Present | Preflight::Fetched { .. } => {}
            Preflight::Gone { why } => return Err(format!("restore point `{id}` is gone: {why}")),
            Preflight::Unknown { why } => return Err(format!("whether `{id}` is still stored is unknown: {why}")),
        }
        let Some(manifest) = self.database.manifest else {
            return Err(format!("the manifest of `{id}` cannot be read, so nobody could prove what it restores"));
        };
        match point.verified {
            None => Err(format!("restore point `{id}` was never verified")),
            Some(_) => Ok((point, manifest)),
        }
    }

    /// What is known of the migrations since the target.
    pub(super) fn since(&self, declared: &'a BTreeMap<String, bool>) -> Since<'a> {
        Since {
            then: self.then().map(|then| then.ledgers.as_slice()).unwrap_or_default(),
            now: &self.state.ledgers,
            graph: self.database.migrations.ok().flatten(),
            declared: self.database.configured.migrations.as_ref().map_or(declared, |tool| &tool.compatible),
        }
    }
}

/// A name with a suffix, as long as the server allows: what is cut off is not the suffix.
fn suffixed(name: &str, suffix: &str) -> String {
    let room = LONGEST.saturating_sub(suffix.len());
    let end = (0..=room.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{suffix}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_before_its_suffix() {
        assert_eq!(suffixed("shop", "_rb_1"), "shop_rb_1");
        let cut = suffixed(&"é".repeat(40), "_rb_20261121");
        assert!(cut.len() <= 63 && cut.ends_with("é_rb_20261121"), "{cut}");
    }
}
