//! What incidents are measured by.

use std::time::Duration;

use serde::Serialize;

use crate::incident::Checklists;

/// How incidents are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Incidents {
    /// What there is to see to: the items that are known, and those of the team's own.
    pub checklists: Checklists,
    /// When post-mortems are due, and where they are begun.
    pub post_mortem: PostMortem,
}

/// When post-mortems are due, and where they are begun.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PostMortem {
    /// How long after it is good again; `None` where nobody is reminded.
    pub within: Option<Duration>,
    /// The folder into which one is written when an incident is over, as written.
    pub drafts: Option<String>,
    /// The file of the team's own template, as written.
    pub template: Option<String>,
}
