//! Answers: objects, text, watches, and `Status` where something cannot be done.

use serde_json::{Value, json};

use crate::api::{Exec, Target, Watch};

/// What goes back to the client.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(u16, Value),
    /// A body of another type, with that type.
    Typed(u16, &'static str, String),
    Watch(Box<Watch>),
    /// A command that is run over the connection.
    Exec(Box<Exec>),
}

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Value,
    /// Seconds, for the header `Retry-After`.
    pub(crate) retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        let reason = reason(code);
        Self { code, reason, message: message.into(), details: Value::Null, retry_after: None }
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "the server could not find the requested resource")
    }

    pub(crate) fn not_found(target: &Target, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", target.resource.qualified());
        Self::new(404, message).about(target, name)
    }

    pub(crate) fn already_exists(target: &Target, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", target.resource.qualified());
        Self { reason: "AlreadyExists", ..Self::new(409, message).about(target, name) }
    }

    pub(crate) fn conflict(target: &Target, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes to the latest version and try again",
            target.resource.qualified()
        );
        Self::new(409, message).about(target, name)
    }

    pub(crate) fn invalid(target: &Target, name: &str, field: &str, message: &str) -> Self {
        let text = format!("{} \"{name}\" is invalid: {field}: {message}", kind_with_group(target));
        let mut problem = Self::new(422, text).about(target, name);
        // Unlike other errors this one is about the kind, not the resource.
        problem.details["kind"] = json!(target.resource.kind);
        problem.details["causes"] = json!([{"reason": "FieldValueInvalid", "message": message, "field": field}]);
        problem
    }

    /// Adds what the problem is about.
    pub(crate) fn about(mut self, target: &Target, name: &str) -> Self {
        self.details = json!({"name": name, "group": target.resource.group, "kind": target.resource.plural});
        self
    }

    /// As the client gets it.
    pub(crate) fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "reason": self.reason, "message": self.message, "code": self.code,
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        if let Some(seconds) = self.retry_after {
            status["details"]["retryAfterSeconds"] = json!(seconds);
        }
        status
    }
}

fn kind_with_group(target: &Target) -> String {
    let (kind, group) = (target.resource.kind, target.resource.group);
    if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") }
}

fn reason(code: u16) -> &'static str {
    match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        409 => "Conflict",
        410 => "Expired",
        415 => "UnsupportedMediaType",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}
