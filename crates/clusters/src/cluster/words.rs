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
        other => {
            let causes = chain(other);
            let hint = if causes.contains("certificate") {
                "the certificates do not fit: see `certificate-authority` of the cluster, and `client-certificate` of the \
                 user, in the kubeconfig"
            } else {
                "see whether the cluster can be reached: `kubectl cluster-info`"
            };
            PortError::new(format!("{what}: {causes}")).hint(hint)
        }
    }
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
