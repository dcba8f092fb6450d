//! Recording what runs, with everything that the cluster may forget.

use std::collections::BTreeMap;

use backout_core::config::{KubernetesService, WorkloadKind};
use backout_core::id::ServiceName;
use backout_core::inventory::{Artifact, ConfigurationRef, Detail, Instance, KubernetesArtifact, Version};
use backout_core::port::{Blobs, Captured, PortError};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::autoscalers::{Scaled, autoscaled};
use super::back::is_stable;
use super::configuration::{Content, Key, references};
use super::observe::words;
use super::platform::KubernetesPlatform;
use super::version::{Versions, lasting};
use super::view::View;
use crate::cluster::{Kind, failed};
use crate::object::{list, name, number, text};
use crate::pods::{Family, Member, Patience, images, instances, revision_template};
use crate::workloads::stopped_by_us;

/// How long a rollout may take where the workload does not say, in milliseconds: what Kubernetes grants a Deployment.
const ROLLOUT_MS: u64 = 600_000;

/// Where ReplicaSets of a Deployment and of a Rollout are counted.
const COUNTED: [&str; 2] = ["deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"];

/// Records what runs of some services.
pub(super) async fn capture(
    platform: &KubernetesPlatform,
    services: &[ServiceName],
    blobs: &dyn Blobs,
) -> Result<Captured, PortError> {
    let view = platform.view(services).await?;
    let scaled = autoscaled(platform).await?;
    let mut captured = Captured::default();
    for service in services {
        let workload = platform.workload(service)?;
        let family = view.family(workload).filter(|family| stopped_by_us(family.workload).is_none());
        let Some(family) = family else {
            captured.absent.push(service.clone());
            continue;
        };
        let capturing = Capturing { platform, service, workload, view: &view, family: &family, blobs };
        captured.artifacts.push(capturing.artifact(&scaled).await?);
    }
    Ok(captured)
}

/// One workload being recorded.
struct Capturing<'a> {
    platform: &'a KubernetesPlatform,
    service: &'a ServiceName,
    workload: &'a KubernetesService,
    view: &'a View,
    family: &'a Family<'a>,
    blobs: &'a dyn Blobs,
}

impl Capturing<'_> {
    async fn artifact(&self, scaled: &Scaled) -> Result<Artifact, PortError> {
        let (family, workload) = (self.family, self.workload);
        let stands = self.stands();
        let asked = family.workload.data.pointer("/spec/template").unwrap_or(&Value::Null);
        let revision = stands.as_ref().map_or(family.current, |(member, _)| member.revision);
        let template = revision.and_then(revision_template).unwrap_or_else(|| asked.clone());
        let kept = kept(family.workload, &template);
        let detail = KubernetesArtifact {
            workload: format!("{}/{}", workload.kind.as_str(), workload.name),
            namespace: self.platform.cluster.namespace().await?.to_owned(),
            revision: revision.map(name).unwrap_or_default().to_owned(),
            number: revision.and_then(number_of),
            images: stands.as_ref().map(|(member, _)| pinned(member.pod)).unwrap_or_default(),
            template: self.blobs.put(kept.to_string().as_bytes()).await?,
            configuration: self.configuration(&template).await?,
            // The nodes say how many pods a DaemonSet has.
            is_autoscaled: workload.kind == WorkloadKind::DaemonSet || scaled.is(workload),
            stop_grace_ms: milliseconds(number(&template, "/spec/terminationGracePeriodSeconds").unwrap_or(30)),
            rollout_ms: rollout_ms(family, &template, Patience::of(family, workload.ready_within)),
        };
        let unstarted =
            || Version { code: asked_code(&template), spec: self.versions().setting(&template).to_string() };
        Ok(Artifact {
            service: self.service.clone(),
            version: stands.map_or_else(unstarted, |(_, version)| version),
            label: words(family),
            replicas: family.wanted(),
            files: Vec::new(),
            detail: Detail::Kubernetes(detail),
        })
    }

    fn versions(&self) -> Versions<'_> {
        self.platform.versions(self.view, self.workload)
    }

    /// What stands for the workload: its most common version, of the pods that are well where any are; a tie goes to the
    /// template that it has now. Of a Rollout it is the stable one, however far a canary has come.
    ///
    /// A pod that has not seen configuration that was put back, or that is to follow another template, is told as if it were
    /// to stay: what it runs is what was captured.
    fn stands(&self) -> Option<(Member<'_>, Version)> {
        let (family, versions) = (self.family, self.versions());
        let now = self.platform.clock.now();
        let all: Vec<Instance> = instances(family, (now, Patience::default()), |member| {
            let version = versions.of(family, member);
            Version { spec: lasting(&version.spec).to_owned(), ..version }
        });
        let pairs: Vec<(Member<'_>, &Instance)> = family.members.iter().copied().zip(&all).collect();
        let well: Vec<(Member<'_>, &Instance)> = pairs.iter().copied().filter(|(_, it)| it.is_well()).collect();
        let candidates = if well.is_empty() { pairs } else { well };
        let count = |version: &Version| candidates.iter().filter(|(_, other)| other.version == *version).count();
        let is_rollout = self.workload.kind == WorkloadKind::Rollout;
        let is_preferred = |member: &Member<'_>| match member.revision.map(name) {
            // What a canary tries is not what stands.
            Some(revision) if is_rollout => is_stable(family.workload, revision),
            revision => revision.is_some() && revision == family.current.map(name),
        };
        let best = candidates.iter().max_by_key(|(member, it)| {
            let is_preferred = is_preferred(member);
            (is_rollout && is_preferred, count(&it.version), is_preferred)
        });
        best.map(|(member, instance)| (*member, instance.version.clone()))
    }

    /// The ConfigMaps and Secrets that a template names, as they are now.
    async fn configuration(&self, template: &Value) -> Result<Vec<ConfigurationRef>, PortError> {
        let mut kept = Vec::new();
        for key in references(template).into_keys() {
            let there = read(self.platform, self.view, &key).await?;
            let Some(content) = there.as_ref().and_then(Content::of) else { continue };
            let content = self.blobs.put(&content.kept()).await?;
            kept.push(ConfigurationRef { kind: key.0, name: key.1, content });
        }
        Ok(kept)
    }
}

/// The number that people know a ReplicaSet or ControllerRevision by.
fn number_of(revision: &DynamicObject) -> Option<u64> {
    let annotations = revision.metadata.annotations.as_ref();
    let annotated = COUNTED.iter().find_map(|name| annotations?.get(*name)?.parse().ok());
    annotated.or_else(|| number(&revision.data, "/revision").and_then(|counted| u64::try_from(counted).ok()))
}

/// A ConfigMap or Secret as it is now. Secrets are asked for by name where they are not looked at all the time.
pub(super) async fn read(
    platform: &KubernetesPlatform,
    view: &View,
    key: &Key,
) -> Result<Option<DynamicObject>, PortError> {
    if let Some(known) = view.configuration(key) {
        return Ok(Some(known.as_ref().clone()));
    }
    let (kind, name) = key;
    if view.looks_at(*kind) {
        return Ok(None);
    }
    let api = platform.cluster.api(Kind::Secret).await?;
    api.get_opt(name).await.map_err(|error| failed(&format!("Secret `{name}` could not be read"), &error))
}

/// The workload without what a server adds and without what it says of itself, so that it can be made again.
fn kept(workload: &DynamicObject, template: &Value) -> Value {
    let metadata = &workload.metadata;
    let mut annotations = metadata.annotations.clone().unwrap_or_default();
    annotations.retain(|name, _| !name.starts_with("deployment.kubernetes.io/"));
    let mut spec = workload.data.get("spec").cloned().unwrap_or_default();
    if let Some(spec) = spec.as_object_mut() {
        spec.insert("template".to_owned(), template.clone());
    }
    json!({
        "metadata": {"name": metadata.name, "labels": metadata.labels, "annotations": annotations},
        "spec": spec,
    })
}

/// The images of a pod by container: by digest where that can be fetched, else as it names them.
fn pinned(pod: &DynamicObject) -> BTreeMap<String, String> {
    let image = |image: crate::pods::Image<'_>| {
        let by_digest = image.pinned().unwrap_or_else(|| image.named().to_owned());
        (image.container.to_owned(), by_digest)
    };
    images(pod).into_iter().map(image).collect()
}

/// What a template that no pod runs would execute, as far as its own words tell.
fn asked_code(template: &Value) -> String {
    let containers = list(template, "/spec/containers").iter();
    let images: BTreeMap<&str, &str> =
        containers.filter_map(|container| Some((text(container, "/name")?, text(container, "/image")?))).collect();
    images.iter().map(|(container, image)| format!("{container}={image}")).collect::<Vec<_>>().join(", ")
}

/// How long a whole rollout may take: what a Deployment says, else what its pods may take one after the other.
fn rollout_ms(family: &Family<'_>, template: &Value, patience: Patience) -> u64 {
    let said = number(&family.workload.data, "/spec/progressDeadlineSeconds").map(milliseconds);
    let each = template.get("spec").map_or(0, |spec| milliseconds(patience.may_take(spec).as_secs()));
    said.unwrap_or_else(|| ROLLOUT_MS.max(each.saturating_mul(u64::from(family.wanted()))))
}

fn milliseconds(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)
}
