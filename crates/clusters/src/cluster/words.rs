//! What goes wrong with a cluster, in words.

use backout_core::port::PortError;

/// An error of the API as that of a port: `what` was not done. Bodies of requests never come into it.
pub(crate) fn failed(what: &str, error: &kube::Error) -> PortError {
    match error {
        kube::Error::Api(status) => {
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
    use super::*;

    #[test]
    fn causes_are_said_once() {
        let inner = std::io::Error::other("connection refused");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "connection refused");
    }
}
