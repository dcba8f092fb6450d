//! How many people must agree before a plan runs.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{is_enough, people};
use crate::config::Approvals;
use crate::data::Rung;
use crate::plan::{Plan, Scope, StepClass};
use crate::policy::{Refusal, RefusalName};

/// How long people are waited for where nothing is configured.
pub const WAITED_FOR: Duration = Duration::from_secs(1800);

/// What a plan needs people for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Needed {
    /// How many must agree; at least 1.
    pub people: u32,
    /// To what, in words.
    pub what: String,
    /// How long they are waited for, in milliseconds.
    pub within_ms: u64,
}

/// Asks for as many people as the configuration wants for what a plan does. Where nobody is waited for, a plan that too few
/// agreed to is blocked.
///
/// | the plan                          | people                      |
/// |-----------------------------------|-----------------------------|
/// | takes every service back          | `approvals.stack`           |
/// | takes some services back          | `approvals.service`         |
/// | takes configuration files back    | `approvals.config`          |
/// | takes the data of a database back | also `approvals.database`   |
/// | has a step that cannot be undone  | also `approvals.irreversible` |
/// | changes nothing                   | nobody                      |
///
/// The greatest number counts.
pub fn ask_people(plan: &mut Plan, approvals: &Approvals) {
    let Some((wanted, what)) = wanted(plan, approvals) else { return };
    let is_missing = |refusal: &Refusal| refusal.name == RefusalName::ApprovalMissing;
    let is_forced = plan.request.forced.contains(&RefusalName::ApprovalMissing);
    if !approvals.within.is_zero() && !is_forced {
        plan.blocked_by.retain(|refusal| !is_missing(refusal));
        let within_ms = u64::try_from(approvals.within.as_millis()).unwrap_or(u64::MAX);
        plan.approvals = Some(Needed { people: wanted, what, within_ms });
        return;
    }
    let agreed = people(plan.request.data.approved_by.iter().map(String::as_str), "").len();
    let known = if is_forced { &mut plan.overridden } else { &mut plan.blocked_by };
    if is_enough(agreed, wanted) || known.iter().any(is_missing) {
        return;
    }
    known.push(Refusal {
        name: RefusalName::ApprovalMissing,
        what: format!("{wanted} people must agree before {what}: {agreed} did"),
        hint: "name everybody who agreed: `--approved-by NAME`, once for each".to_owned(),
    });
}

/// How many people, and for what; none where nobody is needed.
fn wanted(plan: &Plan, approvals: &Approvals) -> Option<(u32, String)> {
    if !plan.is_changing() {
        return None;
    }
    let of_scope = match &plan.request.scope {
        Scope::Stack => Some((approvals.stack, "the environment goes back")),
        Scope::Services { .. } => Some((approvals.service, "a service goes back")),
        Scope::Config => Some((approvals.config, "configuration files go back")),
        Scope::Data => None,
    };
    let of_data = plan.data.iter().any(|ladder| ladder.rung != Rung::CodeOnly);
    let of_data = of_data.then_some((approvals.database, "the data of a database goes back"));
    let is_final = plan.steps.iter().any(|step| step.class == StepClass::Irreversible);
    let of_final = is_final.then_some((approvals.irreversible, "a step is done that cannot be undone"));
    let all = [of_scope, of_data, of_final].into_iter().flatten();
    // Of equal numbers the gravest reason, which comes last.
    let (people, what) = all.filter(|(people, _)| *people > 0).max_by_key(|(people, _)| *people)?;
    Some((people, what.to_owned()))
}
