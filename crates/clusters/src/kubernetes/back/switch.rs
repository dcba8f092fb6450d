//! Making a workload run what was captured.

use backout_core::config::{KubernetesService, WorkloadKind};
use backout_core::inventory::{ConfigurationKind, Running};
use backout_core::plan::{Switch, runs};
use backout_core::port::{Blobs, PortError};
use kube::core::DynamicObject;

use super::alone::alone;
use super::arrive::arrive;
use super::canary::abort;
use super::desired::{desired, made_again};
use super::template::template;
use super::write::{Act, write};
use crate::cluster::Kind;
use crate::kubernetes::artifact::Opened;
use crate::kubernetes::autoscalers::autoscaled;
use crate::kubernetes::configuration::{Content, Key, act};
use crate::kubernetes::platform::KubernetesPlatform;
use crate::kubernetes::view::{View, resource};
use crate::object::{condition, name, text};

/// Makes a workload run an artifact, and watches until it does.
///
/// Killed at any point and begun again it comes to the same end: each object is decided about from how it is, and a template
/// is marked with the time that the configuration bears, not with the time of the try.
pub(in crate::kubernetes) async fn switch(
    platform: &KubernetesPlatform,
    switch: &Switch,
    blobs: &dyn Blobs,
) -> Result<(), PortError> {
    let service = platform.workload(&switch.to.service)?;
    let opened = Opened::open(&switch.to, blobs).await?;
    let switching = Switching { platform, service, opened: &opened };
    if switch.only.is_some() {
        return alone(&switching).await;
    }
    switching.put_configuration_back(|_, _| true).await?;
    let anew = switch.starts_anew().then(|| platform.clock.now());
    if service.kind == WorkloadKind::Rollout {
        abort(platform, service).await?;
    }
    switching.write_workload(anew).await?;
    let is_there = |running: &Running| runs(&switch.to, running);
    arrive(platform, &switch.to.service, &is_there, &|view| switching.in_the_way(view)).await
}

/// One workload on its way back.
pub(super) struct Switching<'a> {
    pub(super) platform: &'a KubernetesPlatform,
    pub(super) service: &'a KubernetesService,
    pub(super) opened: &'a Opened<'a>,
}

impl Switching<'_> {
    pub(super) async fn view(&self) -> Result<View, PortError> {
        self.platform.view(std::slice::from_ref(&self.opened.artifact.service)).await
    }

    /// ConfigMaps and Secrets, before the pods that read them are made.
    pub(super) async fn put_configuration_back(
        &self,
        goes: impl Fn(&Key, Option<&Content>) -> bool,
    ) -> Result<(), PortError> {
        let view = self.view().await?;
        let at = self.platform.clock.now();
        for (key, kept) in self.opened.configuration.iter().filter(|(key, kept)| goes(key, kept.as_ref())) {
            let kind = match key.0 {
                ConfigurationKind::ConfigMap => Kind::ConfigMap,
                ConfigurationKind::Secret => Kind::Secret,
            };
            let decide = |there: Option<&DynamicObject>| act(key, kept.as_ref(), there, (self.service.secrets, at));
            let written = write(self.platform, (kind, &key.1), decide).await?;
            self.seen(kind, written.filter(|_| view.looks_at(key.0))).await?;
        }
        Ok(())
    }

    async fn write_workload(&self, anew: Option<jiff::Timestamp>) -> Result<(), PortError> {
        let (view, scaled) = (self.view().await?, autoscaled(self.platform).await?);
        let put_back = self.platform.versions(&view, self.service).put_back(self.opened.template());
        let decide = |there: Option<&DynamicObject>| match there {
            None => made_again(self.opened, self.service.kind, put_back),
            Some(there) => {
                let family = view.family_of(there);
                let template = template(self.opened, &family, put_back, anew);
                desired(self.opened, &family, &template, scaled.is(self.service))
            }
        };
        let kind = resource(self.service.kind);
        let written = write(self.platform, (kind, &self.service.name), decide).await?;
        self.seen(kind, written).await
    }

    /// Waits until what was written is seen, so that no look takes what was before for what is.
    pub(super) async fn seen(&self, kind: Kind, written: Option<DynamicObject>) -> Result<(), PortError> {
        match written {
            Some(written) => self.platform.cluster.live(kind).await?.reflects(&written).await,
            None => Ok(()),
        }
    }

    /// Pods of a StatefulSet that are of another template and not ready: its controller waits for them to become ready before
    /// it replaces any, and they never will (kubernetes#67250; its documentation says to delete them by hand).
    pub(super) fn in_the_way(&self, view: &View) -> Vec<DynamicObject> {
        if self.service.kind != WorkloadKind::StatefulSet {
            return Vec::new();
        }
        let Some(family) = view.family(self.service) else { return Vec::new() };
        let newest = family.current.and_then(|revision| revision.metadata.uid.clone());
        let named = text(&family.workload.data, "/status/updateRevision");
        // A pod that is made before the controller knows the new template is of the old one again.
        if newest.is_none() || named != family.current.map(name) {
            return Vec::new();
        }
        let is_other =
            |revision: Option<&DynamicObject>| revision.is_none_or(|revision| revision.metadata.uid != newest);
        let is_ready = |pod: &DynamicObject| {
            condition(&pod.data, "Ready").is_some_and(|ready| text(ready, "/status") == Some("True"))
        };
        let members = family.members.iter().filter(|member| is_other(member.revision) && !is_ready(member.pod));
        members.map(|member| member.pod.clone()).collect()
    }
}

/// Deletes a pod that stands in the way.
pub(super) async fn clear(platform: &KubernetesPlatform, pod: &DynamicObject) -> Result<(), PortError> {
    let decide = |there: Option<&DynamicObject>| {
        let is_it = there.is_some_and(|there| there.metadata.uid == pod.metadata.uid);
        if is_it { Act::Delete } else { Act::Nothing }
    };
    write(platform, (Kind::Pod, name(pod)), decide).await.map(drop)
}
