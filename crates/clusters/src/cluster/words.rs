//! What goes wrong with a cluster, in words.

use backout_core::port::PortError;
use kube::core::Status;

/// An error of the API as that of a port: `what` was not done. Bodies of requests never come into it.
pub(crate) fn failed(what: &str, error: &kube::Error) -> PortError {
    match error {
        kube::Error::Api(status) => {
            if let Some(lost) = lost(status) {
                return lost.words(what);
            }
            let said = PortError::new(format!("{what}: the API server says: {}", status.message));
            match status.code {
                401 => said.hint(
                    "the credentials of the context are not accepted, or no longer: log in again, or renew its token \
                     (`kubectl auth whoami` tells when they are)",
                ),
                403 => said.hint("`backout check` names what the account may not do, and prints a role that allows it"),
                _ => said,
            }
        }
        kube::Error::Service(error) => out_of_reach(what, error.as_ref(), "kubectl cluster-info"),
        other => PortError::new(format!("{what}: {}", chain(other)))
            .hint("see whether the cluster can be reached: `kubectl cluster-info`"),
    }
}

/// A namespace in which nothing can be made.
struct Lost {
    namespace: String,
    is_ending: bool,
}

/// Whether the API server refuses to make an object because of its namespace.
///
/// | the API server                                         | the namespace    |
/// |--------------------------------------------------------|------------------|
/// | 404 that is about a `namespaces`                       | is not there     |
/// | 403 with the cause `NamespaceTerminating`              | is being deleted |
/// | any other answer                                       | is not why       |
fn lost(status: &Status) -> Option<Lost> {
    let details = status.details.as_ref()?;
    let ending = || details.causes.iter().find(|cause| cause.reason == "NamespaceTerminating");
    match status.code {
        404 if details.kind == "namespaces" => Some(Lost { namespace: details.name.clone(), is_ending: false }),
        403 => {
            // `namespace NAME is being terminated`
            let namespace = ending()?.message.split_whitespace().nth(1).unwrap_or_default().to_owned();
            Some(Lost { namespace, is_ending: true })
        }
        _ => None,
    }
}

/// Whether the API server does not know the namespace that something is made in: a person has to make it.
pub(crate) fn is_without_namespace(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if lost(status).is_some())
}

impl Lost {
    fn words(&self, what: &str) -> PortError {
        let Self { namespace, is_ending } = self;
        let (state, first) = if *is_ending {
            ("is being deleted", format!("wait until `kubectl get namespace {namespace}` does not find it, then "))
        } else {
            ("is not there", String::new())
        };
        PortError::new(format!("{what}: namespace `{namespace}` {state}"))
            .hint(format!("{first}make it again (`kubectl create namespace {namespace}`), then go back again"))
    }
}

/// Nothing could be exchanged with an API server. What the layers of the client say of themselves helps nobody, so the
/// innermost cause is told. `look` is what a person can look with.
pub(super) fn out_of_reach(what: &str, error: &(dyn std::error::Error + 'static), look: &str) -> PortError {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let hint = if chain(error).contains("certificate") {
        "the certificates do not fit: see `certificate-authority` of the cluster, and `client-certificate` of the user, in \
         the kubeconfig"
            .to_owned()
    } else {
        format!("see whether the cluster can be reached: `{look}`")
    };
    PortError::new(format!("{what}: no connection: {innermost}")).hint(hint)
}

/// Why something could not be seen, with what to do about it: nobody else tells a person of a look that failed.
pub(crate) fn unseen(error: &PortError) -> String {
    match &error.hint {
        Some(hint) => format!("{}; {hint}", error.what),
        None => error.what.clone(),
    }
}

/// An error with its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !words.contains(&said) {
            words = format!("{words}: {said}");
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn causes_are_said_once() {
        let inner = std::io::Error::other("connection refused");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "connection refused");
    }

    #[test]
    fn a_namespace_that_is_gone_is_told_from_rights_and_objects_that_are_not_there() {
        let said = |status: serde_json::Value| {
            let error = kube::Error::Api(Box::new(serde_json::from_value(status).unwrap()));
            (failed("it was not made", &error).what, is_without_namespace(&error))
        };
        let gone = json!({"code": 404, "details": {"kind": "namespaces", "name": "shop"}});
        assert_eq!(said(gone), ("it was not made: namespace `shop` is not there".to_owned(), true));
        let cause = json!({"reason": "NamespaceTerminating", "message": "namespace shop is being terminated"});
        let ending = json!({"code": 403, "details": {"kind": "secrets", "name": "db", "causes": [cause]}});
        assert_eq!(said(ending), ("it was not made: namespace `shop` is being deleted".to_owned(), true));
        for other in [json!({"code": 403}), json!({"code": 404, "details": {"kind": "secrets", "name": "db"}})] {
            assert!(!said(other).1);
        }
    }
}
