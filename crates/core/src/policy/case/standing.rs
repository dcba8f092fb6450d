//! The case of an environment as it stands, without a deploy that could be to blame.

use jiff::Timestamp;

use super::{Case, Impact};
use crate::config::Environment;
use crate::detect::{SignalPath, is_error_rate};
use crate::policy::{Check, Choice};

/// What checks say is the matter at `now`. Where none fails, nothing is: what is usual then is to keep it.
///
/// | what fails                       | what is the matter |
/// |----------------------------------|--------------------|
/// | `SERVICE.PROBE.up`               | service down       |
/// | `SERVICE.PROBE.latency`          | slow               |
/// | a signal that is the error rate  | errors             |
/// | anything else                    |                    |
#[must_use]
pub fn standing_case(environment: &Environment, checks: &[Check], now: Timestamp) -> Case {
    let mut case = Case { usual: Choice::Keep, ..Case::new(now) };
    for check in checks.iter().filter(|check| check.blocks()) {
        case.usual = Choice::RollBack;
        case.findings.push(format!("{}: {}", check.name, check.what));
        match SignalPath::try_from(check.name.clone()) {
            Ok(SignalPath::Up(service, _)) => case.add(Impact::ServiceDown, [service]),
            Ok(SignalPath::Latency(service, _)) => case.add(Impact::Slow, [service]),
            Ok(SignalPath::Named(name)) if is_error_rate(name.as_str()) => case.add(Impact::Errors, []),
            Ok(SignalPath::Used(service, _)) => case.add(Impact::Resources, [service]),
            Ok(SignalPath::Named(_) | SignalPath::Alert(_)) | Err(_) => {}
        }
    }
    case.measure_scope(environment);
    case
}
