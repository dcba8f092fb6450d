//! The error rate after a rollback.

use backout_core::detect::{ErrorBar, SignalPath, is_error_rate};
use backout_core::policy::Check;

use crate::look::signals::{ask_all, error_rate as judged};
use crate::world::World;

/// What the error rate must stay below while the environment is observed; `None` where nothing is said of it.
pub(crate) fn error_bar(world: &World) -> Option<ErrorBar> {
    let limit = world.environment.verify.error_rate_below?;
    let name = world.environment.signals.keys().find(|name| is_error_rate(name.as_str()))?;
    Some(ErrorBar::new(SignalPath::Named(name.clone()), limit))
}

/// Asks for the error rate and compares it with its bar; `None` where nothing is said of it.
pub(crate) async fn error_rate(world: &World) -> Option<Check> {
    error_bar(world)?;
    judged(world, &ask_all(world).await)
}
