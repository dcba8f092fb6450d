//! How a cluster is reached: kubeconfig, context, credentials and whom to act as.
//!
//! Contract: credentials that end are had anew before they do, or when the API server no longer takes them; a client that
//! was handed out before keeps those that it has.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use backout_core::port::PortError;
use kube::core::DynamicObject;
use kube::{Api, Client};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use super::client::client;
use super::credentials::Credentials;
use super::kubeconfig::Place;
use super::server::Server;
use super::{ClusterOptions, Kind};

/// The way to one cluster.
pub(crate) struct Access {
    pub(super) options: ClusterOptions,
    place: OnceCell<Place>,
    held: Mutex<Option<Held>>,
}

/// A client, and the credentials that it has.
struct Held {
    client: Client,
    credentials: Credentials,
}

impl Access {
    pub(super) fn new(options: ClusterOptions) -> Self {
        Self { options, place: OnceCell::new(), held: Mutex::default() }
    }

    #[cfg(test)]
    pub(super) fn at(options: ClusterOptions, place: Place) -> Self {
        Self { options, place: OnceCell::new_with(Some(place)), held: Mutex::default() }
    }

    /// The client, with credentials that hold now.
    pub(super) async fn client(&self) -> Result<Client, PortError> {
        let place = self.place().await?;
        let mut held = self.held.lock().await;
        match held.as_ref() {
            Some(held) if held.credentials.hold_at(Instant::now()) => return Ok(held.client.clone()),
            _ => {}
        }
        let credentials = place.source.read().await?;
        let client = match held.take() {
            Some(old) if old.credentials.are_as(&credentials) => old.client,
            _ => client(place.config.clone(), &credentials)?,
        };
        *held = Some(Held { client: client.clone(), credentials });
        Ok(client)
    }

    /// The namespace of the configuration, else that of the context.
    pub(super) async fn namespace(&self) -> Result<&str, PortError> {
        let place = self.place().await?;
        Ok(self.options.access.namespace.as_deref().unwrap_or(&place.config.default_namespace))
    }

    /// Where it is, and whether it answers.
    pub(super) async fn server(&self) -> Result<Arc<Server>, PortError> {
        Ok(Arc::clone(&self.place().await?.server))
    }

    /// Objects of a kind in the cluster's namespace.
    pub(super) async fn api(&self, kind: Kind) -> Result<Api<DynamicObject>, PortError> {
        Ok(Api::namespaced_with(self.client().await?, self.namespace().await?, &kind.resource()))
    }

    /// The API server does not take the credentials: they are had anew for the next client. Says whether others may come.
    pub(super) async fn is_refused(&self) -> bool {
        let may_change = self.place.get().is_some_and(|place| place.source.may_change());
        if may_change {
            *self.held.lock().await = None;
        }
        may_change
    }

    /// What tells a program such as `helm` of the same cluster: `KUBECONFIG`, where the configuration names a file, or this
    /// is connected to by the service account of a pod.
    pub(super) fn environment(&self) -> BTreeMap<OsString, OsString> {
        let mut environment = self.options.environment.clone();
        if let Some(path) = &self.options.access.kubeconfig {
            environment.insert("KUBECONFIG".into(), self.options.folder.join(path).into());
        } else if let Some(file) = self.place.get().and_then(|place| place.written.as_ref()) {
            environment.insert("KUBECONFIG".into(), file.path().into());
        }
        environment
    }

    async fn place(&self) -> Result<&Place, PortError> {
        self.place.get_or_try_init(|| Place::find(&self.options)).await
    }
}
