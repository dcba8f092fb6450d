//! Lines about people who agree to a way back, or do not.

use super::timeline::{Said, said};
use crate::journal::{Body, Record};
use crate::policy::ApprovalsOutcome;

/// The line for a record about people's agreement, if it is one.
pub(super) fn of_approvals(record: &Record) -> Option<Said> {
    Some(match &record.body {
        Body::ApprovalsWanted { needed, .. } => {
            let run = record.run.as_ref().map_or("RUN", |run| run.as_str());
            let minutes = needed.within_ms.div_ceil(60_000);
            let what = format!("{} people must agree before {}, within {minutes} min", needed.people, needed.what);
            said("waiting", what).with(vec![format!("each of them: `backout approve {run} --as NAME`; or `--decline`")])
        }
        Body::Approved { approval } => {
            let what = if approval.agrees { "agrees" } else { "DOES NOT AGREE" };
            let reason = approval.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            said("approval", format!("{} {what}{reason} (typed by {})", approval.by, approval.from))
                .bad_if(!approval.agrees)
        }
        Body::ApprovalsEnded { outcome } => match outcome {
            ApprovalsOutcome::Given { by } => said("approved", format!("by {}", names(by))),
            ApprovalsOutcome::Declined { by, .. } => said("declined", format!("by {by}")).bad_if(true),
            ApprovalsOutcome::TooLate { by } if by.is_empty() => {
                said("not approved", "nobody agreed in time").bad_if(true)
            }
            ApprovalsOutcome::TooLate { by } => {
                said("not approved", format!("only {} agreed in time", names(by))).bad_if(true)
            }
        },
        _ => return None,
    })
}

fn names(by: &std::collections::BTreeSet<String>) -> String {
    by.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
