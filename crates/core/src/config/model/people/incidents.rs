//! What incidents are measured by.

use serde::Serialize;

use crate::incident::Checklists;

/// How incidents are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Incidents {
    /// What there is to see to: the items that are known, and those of the team's own.
    pub checklists: Checklists,
}
