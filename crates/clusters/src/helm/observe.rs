//! What a record and the pods of its workloads say of a release. Pure.

use std::collections::{BTreeMap, BTreeSet};

use backout_core::id::Digest;
use backout_core::inventory::{Health, Instance, InstanceState, Running, Seen, Standing, Version};
use jiff::Timestamp;

use super::record::{Record, Status, Workload};
use super::release::{Known, Objects};
use crate::object::name;
use crate::pods::{Family, Member, images, instances, trouble};

/// A release as it was seen.
pub(super) struct Look<'a> {
    known: &'a Known,
    /// The workloads of the release's own namespace, each with its family where it is there.
    parts: Vec<(&'a Workload, Option<Family<'a>>)>,
    at: Timestamp,
}

/// The code of a revision: the digest of what it renders, and its status unless that was put in place whole.
pub(super) fn code(record: &Record) -> String {
    let digest = record.digest();
    match record.status() {
        status if status.is_in_place() => digest.to_string(),
        status => format!("{digest}+{status}"),
    }
}

/// The digest of what is rendered, from a code.
pub(super) fn digest_of(code: &str) -> &str {
    code.split_once('+').map_or(code, |(digest, _)| digest)
}

impl<'a> Look<'a> {
    pub(super) fn new(known: &'a Known, objects: &'a Objects, namespace: &str, at: Timestamp) -> Self {
        let is_here = |workload: &&Workload| workload.namespace.as_deref().is_none_or(|own| own == namespace);
        let part = |workload: &'a Workload| {
            let object = objects.workload(workload.kind, &workload.name);
            (workload, object.map(|object| Family::of(object, &objects.revisions, &objects.pods)))
        };
        Self { known, parts: known.manifest.workloads.iter().filter(is_here).map(part).collect(), at }
    }

    /// | status of the newest revision | seen                                                        |
    /// |-------------------------------|-------------------------------------------------------------|
    /// | `uninstalled`                 | absent: only its history was kept                           |
    /// | `pending-*`, `uninstalling`   | present and busy                                            |
    /// | `failed`                      | present, in trouble with Helm's words unless pods have some |
    /// | anything else                 | present                                                     |
    pub(super) fn seen(&self) -> Seen {
        let record = &self.known.record;
        if record.status() == Status::Uninstalled {
            return Seen::Absent;
        }
        let instances = self.instances();
        Seen::Present(Running {
            label: self.label(),
            wanted: if self.parts.is_empty() { 1 } else { self.wanted() },
            instances,
            trouble: self.trouble(),
            busy: busy(record),
        })
    }

    /// What runs where the newest revision does.
    pub(super) fn version(&self) -> Version {
        let images = self.images();
        let lines: Vec<String> = images.iter().map(|(container, image)| format!("{container}={image}")).collect();
        let spec = if lines.is_empty() { String::new() } else { Digest::of(lines.join("\n").as_bytes()).to_string() };
        Version { code: code(&self.known.record), spec }
    }

    /// The images of the workloads by workload and container, as the newest pods ran them; as the chart names them where no
    /// pod tells. Containers that the cluster adds to pods (of a service mesh, say) are none of the release.
    pub(super) fn images(&self) -> BTreeMap<String, String> {
        let of_part = |(workload, family): &(&Workload, Option<Family<'a>>)| {
            let words = workload.words();
            let newest: Vec<Member<'a>> = family.iter().flat_map(Family::newest).collect();
            let image = |(container, named): (String, String)| {
                let ran = newest.iter().flat_map(|member| images(member.pod));
                let ran: BTreeSet<String> =
                    ran.filter(|image| image.container == container).map(|image| image.reference()).collect();
                let told: Vec<&str> = ran.iter().map(String::as_str).filter(|image| image.contains('@')).collect();
                let image = if told.is_empty() { named } else { told.join(", ") };
                (format!("{words}/{container}"), image)
            };
            workload.images().into_iter().map(image).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of_part).collect()
    }

    /// How many instances there should be.
    pub(super) fn wanted(&self) -> u32 {
        self.parts.iter().map(|(workload, family)| family.as_ref().map_or(workload.replicas(), Family::wanted)).sum()
    }

    fn instances(&self) -> Vec<Instance> {
        let version = self.version();
        if self.parts.is_empty() {
            return vec![itself(&self.known.record, version)];
        }
        let mut all: Vec<Instance> = Vec::new();
        for family in self.parts.iter().filter_map(|(_, family)| family.as_ref()) {
            let newest: BTreeSet<&str> = family.newest().map(|member| name(member.pod)).collect();
            let older = |member: Member<'_>| {
                let of = member.revision.map_or("a template that is gone", name);
                Version {
                    code: format!("older than revision {}: {of}", self.known.record.revision()),
                    spec: String::new(),
                }
            };
            all.extend(instances(family, self.at, |member| {
                if newest.contains(name(member.pod)) { version.clone() } else { older(member) }
            }));
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// What the pods say, then what is missing, then what Helm says.
    pub(super) fn trouble(&self) -> Option<Standing> {
        let record = &self.known.record;
        let of_pods = self.parts.iter().filter_map(|(_, family)| family.as_ref()).find_map(|it| trouble(it, self.at));
        let missing = || {
            let (workload, _) = self.parts.iter().find(|(_, family)| family.is_none())?;
            let what = format!("`{}` of the release is not there", workload.words());
            record.status().under_way().is_none().then_some(Standing { what, since: None })
        };
        let failed = || {
            let what = format!("Helm says of revision {}: {}", record.revision(), record.description());
            (record.status() == Status::Failed).then(|| Standing { what, since: record.began_at() })
        };
        of_pods.or_else(missing).or_else(failed)
    }

    pub(super) fn label(&self) -> String {
        let record = &self.known.record;
        match record.status() {
            status if status.is_in_place() => record.words(),
            status => format!("{}, {status}", record.words()),
        }
    }
}

fn busy(record: &Record) -> Option<Standing> {
    let verb = record.status().under_way()?;
    let what = format!("`helm {verb}` of revision {} has not ended ({})", record.revision(), record.status());
    let since = if record.status() == Status::Uninstalling { record.deleted_at() } else { record.began_at() };
    Some(Standing { what, since })
}

/// A release without workloads is its own only instance: well where Helm put it in place.
fn itself(record: &Record, version: Version) -> Instance {
    let health = match record.status() {
        status if status.is_in_place() => Health::Healthy,
        status if status.under_way().is_some() => Health::Starting,
        _ => Health::Unhealthy,
    };
    Instance {
        id: record.release().to_owned(),
        name: record.release().to_owned(),
        version,
        state: InstanceState::Running,
        health,
        since: record.began_at(),
        restarts: 0,
    }
}
