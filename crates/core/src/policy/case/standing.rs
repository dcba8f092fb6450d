//! The case of an environment as it stands, without a deploy that could be to blame.

use jiff::Timestamp;

use super::{Case, Impact};
use crate::config::Environment;
use crate::detect::SignalPath;
use crate::policy::{Check, Choice};

/// What checks say is the matter at `now`, by [`Impact::of_signal`]. Where none fails, nothing is: what is usual then is to
/// keep it.
#[must_use]
pub fn standing_case(environment: &Environment, checks: &[Check], now: Timestamp) -> Case {
    let mut case = Case { usual: Choice::Keep, ..Case::new(now) };
    for check in checks.iter().filter(|check| check.blocks()) {
        case.usual = Choice::RollBack;
        case.findings.push(format!("{}: {}", check.name, check.what));
        let Ok(signal) = SignalPath::try_from(check.name.clone()) else { continue };
        case.impacts.extend(Impact::of_signal(&signal));
        case.services.extend(signal.service().cloned());
    }
    case.measure_scope(environment);
    case
}
