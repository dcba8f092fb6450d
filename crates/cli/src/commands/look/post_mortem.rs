//! Post-mortems that people are to see to, where the configuration says until when.

use std::time::Duration;

use backout_core::id::IncidentId;
use backout_core::incident::Incident;
use jiff::Timestamp;
use serde::Serialize;

/// Until when a post-mortem is due.
#[derive(Serialize)]
pub(super) struct PostMortemDue {
    incident: IncidentId,
    by: Timestamp,
}

impl PostMortemDue {
    /// Of each incident that is over and was not seen to.
    pub(super) fn of(incidents: &[Incident], within: Option<Duration>) -> Vec<Self> {
        let due = |incident: &Incident| {
            let by = incident.post_mortem_due(within?)?;
            Some(Self { incident: incident.id.clone(), by })
        };
        incidents.iter().filter_map(due).collect()
    }

    /// The line of `status`.
    pub(super) fn line(&self) -> String {
        let Self { incident, by } = self;
        format!(
            "post-mortem: {incident}, due by {by:.0}; once it is seen to: `backout incident check {incident} post-mortem`"
        )
    }
}
