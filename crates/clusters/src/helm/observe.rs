//! What a record and the pods of its workloads say of a release. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use backout_core::id::Digest;
use backout_core::inventory::{Health, Instance, InstanceState, Running, Seen, Standing, Version};
use jiff::Timestamp;
use kube::core::DynamicObject;

use super::record::{Record, Status, Workload};
use super::release::Known;
use crate::object::name;
use crate::pods::{Family, Member, Patience, images, instances, refused, trouble, unready};
use crate::workloads::{Objects, had, is_marked, left_stopped};

/// A release as it was seen.
pub(super) struct Look<'a> {
    known: &'a Known,
    /// The workloads of the release's own namespace, each with its family where it is there.
    parts: Vec<(&'a Workload, Option<Family<'a>>)>,
    refusals: &'a [Arc<DynamicObject>],
    at: Timestamp,
    ready_within: Option<Duration>,
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
        Self {
            known,
            parts: known.manifest.workloads.iter().filter(is_here).map(part).collect(),
            refusals: &objects.refusals,
            at,
            ready_within: None,
        }
    }

    /// The same, with what the configuration says of how long its pods may take to become ready.
    pub(super) fn with(self, ready_within: Option<Duration>) -> Self {
        Self { ready_within, ..self }
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
            unready: self.families().flat_map(|it| unready(it, Patience::of(it, self.ready_within))).collect(),
            trouble: self.trouble(),
            busy: busy(record),
            next: None,
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

    /// How many instances there should be: of a workload that is quiet for a while, as many as it had.
    pub(super) fn wanted(&self) -> u32 {
        let of_family = |family: &Family<'_>| match had(family.workload) {
            Some(had) => u32::try_from(had).unwrap_or(0),
            None => family.wanted(),
        };
        self.parts.iter().map(|(workload, family)| family.as_ref().map_or(workload.replicas(), of_family)).sum()
    }

    fn families(&self) -> impl Iterator<Item = &Family<'a>> {
        self.parts.iter().filter_map(|(_, family)| family.as_ref())
    }

    /// Pods of the newest revision are of its version once no workload bears the mark of being quiet: until then there is
    /// something left to be done.
    fn instances(&self) -> Vec<Instance> {
        let mut version = self.version();
        if self.families().any(|family| is_marked(family.workload)) {
            version.code.push_str("+held");
        }
        if self.parts.is_empty() {
            return vec![itself(&self.known.record, version)];
        }
        let mut all: Vec<Instance> = Vec::new();
        for family in self.families() {
            let newest: BTreeSet<&str> = family.newest().map(|member| name(member.pod)).collect();
            let older = |member: Member<'_>| {
                let of = member.revision.map_or("a template that is gone", name);
                Version {
                    code: format!("older than revision {}: {of}", self.known.record.revision()),
                    spec: String::new(),
                }
            };
            let patience = Patience::of(family, self.ready_within);
            all.extend(instances(family, (self.at, patience), |member| {
                if newest.contains(name(member.pod)) { version.clone() } else { older(member) }
            }));
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// What the pods say, then what is missing or quiet, then what Helm says.
    pub(super) fn trouble(&self) -> Option<Standing> {
        let record = &self.known.record;
        let of_pods = self.families().find_map(|it| trouble(it, self.at).or_else(|| refused(it, self.refusals)));
        let missing = || {
            let (workload, _) = self.parts.iter().find(|(_, family)| family.is_none())?;
            let what = format!("`{}` of the release is not there", workload.words());
            record.status().under_way().is_none().then_some(Standing { what, since: None })
        };
        let failed = || {
            let what = format!("Helm says of revision {}: {}", record.revision(), record.description());
            (record.status() == Status::Failed).then(|| Standing { what, since: record.began_at() })
        };
        let quiet = || self.families().find_map(|family| left_stopped(family.workload));
        of_pods.or_else(missing).or_else(quiet).or_else(failed)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube::core::DynamicObject;
    use serde_json::{Value, json};

    use super::super::record::Manifest;
    use super::*;

    const MANIFEST: &str = "kind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2, template: {spec: {containers: \
        [{name: app, image: 'shop/web:2'}]}}}\n---\nkind: Deployment\nmetadata: {name: far, namespace: other}\n";

    fn known(status: &str, manifest: &str) -> Known {
        let record = Record::of_json(json!({"name": "shop", "version": 3, "manifest": manifest,
            "info": {"status": status, "description": "timed out", "last_deployed": "2026-11-21T08:00:00Z"},
            "chart": {"metadata": {"name": "shop", "version": "1.4.2"}}}));
        Known { manifest: Manifest::read(record.manifest()), record }
    }

    fn object(value: Value) -> Arc<DynamicObject> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    /// A Deployment whose template names `shop/web:2`, with one pod of it and one of an older one.
    fn objects() -> Objects {
        let template = |image: &str| json!({"spec": {"containers": [{"name": "app", "image": image}]}});
        let owner =
            |uid: &str| json!([{"apiVersion": "apps/v1", "kind": "X", "name": uid, "uid": uid, "controller": true}]);
        let set = |name: &str, image: &str| {
            object(json!({"metadata": {"name": name, "uid": name, "ownerReferences": owner("web")},
                "spec": {"template": template(image)}}))
        };
        let pod = |set: &str, image: &str, id: &str| {
            let containers = json!([{"name": "app", "image": image}, {"name": "mesh", "image": "mesh:1"}]);
            let status = json!({"name": "app", "imageID": id, "state": {"running": {}}});
            object(
                json!({"metadata": {"name": format!("{set}-a"), "uid": format!("{set}-a"), "ownerReferences": owner(set)},
                "spec": {"containers": containers}, "status": {"containerStatuses": [status]}}),
            )
        };
        let web = object(json!({"metadata": {"name": "web", "uid": "web"},
            "spec": {"replicas": 2, "template": template("shop/web:2")}}));
        Objects {
            workloads: BTreeMap::from([("deployment", vec![web])]),
            revisions: vec![set("web-1", "shop/web:1"), set("web-2", "shop/web:2")],
            pods: vec![
                pod("web-1", "shop/web:1", "docker.io/shop/web@sha256:1"),
                pod("web-2", "shop/web:2", "docker.io/shop/web@sha256:2"),
            ],
            ..Objects::default()
        }
    }

    fn running(known: &Known, objects: &Objects) -> Running {
        match Look::new(known, objects, "default", Timestamp::UNIX_EPOCH).seen() {
            Seen::Present(running) => running,
            seen => panic!("{seen:?}"),
        }
    }

    #[test]
    fn pods_of_an_older_template_say_that_they_are_older() {
        let (known, objects) = (known("deployed", MANIFEST), objects());
        let running = running(&known, &objects);
        let codes: Vec<&str> = running.instances.iter().map(|instance| instance.version.code.as_str()).collect();
        assert_eq!(codes, ["older than revision 3: web-1", known.record.digest().as_str()]);
        assert_eq!((running.version(), running.wanted), (None, 2));
        let images = Look::new(&known, &objects, "default", Timestamp::UNIX_EPOCH).images();
        assert_eq!(images, BTreeMap::from([("deployment/web/app".to_owned(), "shop/web@sha256:2".to_owned())]));
    }

    #[test]
    fn the_status_of_the_newest_revision_is_part_of_what_runs() {
        let seen = |status: &str| {
            let running = running(&known(status, MANIFEST), &objects());
            let code = running.instances[1].version.code.clone();
            let suffix = code.split_once('+').map(|(_, suffix)| suffix.to_owned());
            (suffix, running.trouble.map(|it| it.what), running.busy.map(|it| it.what))
        };
        let busy = "`helm upgrade` of revision 3 has not ended (pending-upgrade)".to_owned();
        let failed = "Helm says of revision 3: timed out".to_owned();
        assert_eq!(seen("deployed"), (None, None, None));
        assert_eq!(seen("failed"), (Some("failed".to_owned()), Some(failed), None));
        assert_eq!(seen("pending-upgrade"), (Some("pending-upgrade".to_owned()), None, Some(busy)));
        let gone = known("uninstalled", MANIFEST);
        assert_eq!(Look::new(&gone, &objects(), "default", Timestamp::UNIX_EPOCH).seen(), Seen::Absent);
    }

    #[test]
    fn a_workload_that_was_taken_away_is_missed() {
        let running = running(&known("deployed", MANIFEST), &Objects::default());
        assert_eq!((running.wanted, running.instances.len()), (2, 0));
        assert_eq!(running.trouble.unwrap().what, "`deployment/web` of the release is not there");
    }

    #[test]
    fn a_release_without_workloads_is_its_own_instance() {
        for (status, health) in
            [("deployed", Health::Healthy), ("failed", Health::Unhealthy), ("pending-install", Health::Starting)]
        {
            let running = running(&known(status, "kind: ConfigMap\n"), &Objects::default());
            let [instance] = running.instances.as_slice() else { panic!("{running:?}") };
            assert_eq!((instance.health, running.wanted, instance.name.as_str()), (health, 1, "shop"));
        }
    }
}
