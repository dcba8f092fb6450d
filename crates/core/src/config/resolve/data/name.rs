//! Names that databases and caches give and use.

use crate::config::raw::RawEnvironment;
use crate::config::read::{Scalar, nearest};
use crate::config::resolve::context::Context;
use crate::config::{ProblemCode, Span};
use crate::id::{ProbeName, ServiceName};

/// A service that is named, reported where there is none. One that is declared and could not be read is not blamed.
pub(super) fn existing(
    scalar: &Scalar<ServiceName>,
    why: &str,
    environment: &RawEnvironment,
    context: &mut Context<'_>,
) -> Option<ServiceName> {
    let service = context.scalar(scalar)?;
    let services = environment.services.value().map(|map| map.0.as_slice()).unwrap_or_default();
    if services.iter().any(|entry| entry.key == service.as_str()) {
        return Some(service);
    }
    let names = || services.iter().map(|entry| entry.key.as_str());
    let hint = match nearest(service.as_str(), names()) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if services.is_empty() => None,
        None => Some(format!("there are `{}`", names().take(8).collect::<Vec<_>>().join("`, `"))),
    };
    let message = format!("there is no service `{}` {why}", scalar.text);
    context.error(ProblemCode::UnknownService, scalar.span, message, hint);
    None
}

/// The name of `what`, reported where it has characters that plans and reports do not show.
pub(super) fn label(key: &str, at: Span, what: &str, context: &mut Context<'_>) -> Option<String> {
    if ProbeName::new(key).is_err() {
        let hint = "use letters, digits, `-` and `_`, starting with a letter or a digit".to_owned();
        context.error(ProblemCode::InvalidName, at, format!("`{key}` cannot be the name of {what}"), hint);
        return None;
    }
    Some(key.to_owned())
}
