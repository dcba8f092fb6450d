//! A cluster's API server: where it is, and whether it answers.
//!
//! Contract: an API server that is silent is waited for once, not with every look: what runs on another cluster must not wait
//! for it. It is not silent any more as soon as it has listed anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backout_core::config::ClusterAccess;
use backout_core::port::PortError;
use kube::Config;

use super::Kind;
use super::words::out_of_reach;

/// How long a first list may take.
const FIRST_WITHIN: Duration = Duration::from_secs(15);
/// The same, once one has taken too long.
const AGAIN_WITHIN: Duration = Duration::from_secs(1);

/// Where an API server is, in words, and whether it answers.
#[derive(Debug)]
pub(super) struct Server {
    context: Option<String>,
    address: String,
    is_silent: AtomicBool,
}

impl Server {
    pub(super) fn new(access: &ClusterAccess, config: &Config) -> Self {
        // Not as it is written: a name and a password may be part of it.
        let url = &config.cluster_url;
        let port = url.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        let address = format!("{}://{}{port}", url.scheme_str().unwrap_or("https"), url.host().unwrap_or_default());
        Self { context: access.context.clone(), address, is_silent: AtomicBool::new(false) }
    }

    /// How long a first list is waited for.
    pub(super) fn patience(&self) -> Duration {
        if self.is_silent.load(Ordering::Relaxed) { AGAIN_WITHIN } else { FIRST_WITHIN }
    }

    /// The API server has listed something.
    pub(super) fn has_answered(&self) {
        self.is_silent.store(false, Ordering::Relaxed);
    }

    /// A first list has taken longer than [`Server::patience`].
    pub(super) fn is_silent(&self, kind: Kind) -> PortError {
        let patience = self.patience().as_secs();
        self.is_silent.store(true, Ordering::Relaxed);
        let what = format!("{} did not answer: no list of {} within {patience} s", self.words(), kind.plural());
        PortError::new(what).hint(format!("see whether the cluster can be reached: `{}`", self.look()))
    }

    /// Nothing could be exchanged with it.
    pub(super) fn is_out_of_reach(&self, error: &(dyn std::error::Error + 'static)) -> PortError {
        out_of_reach(&self.words(), error, &self.look())
    }

    /// What a person can look with.
    fn look(&self) -> String {
        let context = self.context.as_ref().map(|context| format!("--context {context} ")).unwrap_or_default();
        format!("kubectl {context}cluster-info")
    }

    /// The API server, as people know it.
    fn words(&self) -> String {
        let context = self.context.as_ref().map(|context| format!("context `{context}`, "));
        format!("the API server ({}{})", context.unwrap_or_default(), self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_server_that_is_silent_is_waited_for_once_and_named() {
        let access = ClusterAccess { context: Some("west".to_owned()), ..ClusterAccess::default() };
        let server = Server::new(&access, &Config::new("https://me:secret@10.0.0.1:6443".parse().unwrap()));
        let error = server.is_silent(Kind::Pod);
        let said = "the API server (context `west`, https://10.0.0.1:6443) did not answer: no list of pods within 15 s";
        assert_eq!(error.what, said);
        assert!(error.hint.unwrap().contains("`kubectl --context west cluster-info`"));
        assert_eq!(server.patience(), AGAIN_WITHIN);
        server.has_answered();
        assert_eq!(server.patience(), FIRST_WITHIN);
    }
}
