//! Credentials, where they come from, and how long they hold.

use std::path::PathBuf;
use std::time::Duration;

use backout_core::port::PortError;
use kube::config::AuthInfo;
use tokio::time::Instant;

use super::plugin::Plugin;

/// How long a token that was read from a file is taken for the one that is in it: a pod's is renewed there.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// Where credentials come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The kubeconfig itself has them, or none are needed.
    Kubeconfig,
    /// A file with a token.
    File(PathBuf),
    /// A program.
    Plugin(Box<Plugin>),
}

/// What a client shows beside what the kubeconfig itself has.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) token: Option<String>,
    /// A certificate and its key, as PEM.
    pub(super) identity: Option<(String, String)>,
    /// Until when they hold; `None` is for good.
    pub(super) until: Option<Instant>,
}

impl Source {
    /// Takes what this is for out of the user of a kubeconfig, so that the client does not do the same.
    ///
    /// What stands first counts, as for `kubectl`: a name with a password, a file with a token, a token, a program.
    pub(super) fn take(user: &mut AuthInfo, plugin: impl FnOnce(kube::config::ExecConfig) -> Plugin) -> Self {
        let (file, program) = (user.token_file.take(), user.exec.take());
        if user.username.is_some() && user.password.is_some() {
            return Self::Kubeconfig;
        }
        match (file, program) {
            (Some(file), _) => Self::File(file.into()),
            (None, Some(program)) if user.token.is_none() => Self::Plugin(Box::new(plugin(program))),
            _ => Self::Kubeconfig,
        }
    }

    /// Has the credentials. Says nothing of them where that fails.
    pub(super) async fn read(&self) -> Result<Credentials, PortError> {
        match self {
            Self::Kubeconfig => Ok(Credentials::default()),
            Self::File(path) => {
                let wrong = |why: String| {
                    let what =
                        format!("the file `{}`, which shall hold the token for the cluster, {why}", path.display());
                    PortError::new(what).hint("see `tokenFile` of the user in the kubeconfig")
                };
                let text = tokio::fs::read_to_string(path).await;
                let text = text.map_err(|error| wrong(format!("cannot be read: {error}")))?;
                // Whoever writes such a file by hand ends it with a line.
                let token = text.trim();
                if token.is_empty() {
                    return Err(wrong("is empty".to_owned()));
                }
                let until = Some(Instant::now() + READ_AGAIN);
                Ok(Credentials { token: Some(token.to_owned()), identity: None, until })
            }
            Self::Plugin(plugin) => plugin.credentials().await,
        }
    }

    /// Whether others may come from there.
    pub(super) fn may_change(&self) -> bool {
        !matches!(self, Self::Kubeconfig)
    }
}

impl Credentials {
    pub(super) fn hold_at(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether a client that has these need not be replaced by one with those.
    pub(super) fn are_as(&self, other: &Self) -> bool {
        self.token == other.token && self.identity == other.identity
    }
}
