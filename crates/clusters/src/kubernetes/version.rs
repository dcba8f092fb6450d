//! The version of a pod: what it executes, and how it is set up.

use std::collections::BTreeMap;

use backout_core::config::SecretsPolicy;
use backout_core::id::Digest;
use backout_core::inventory::{ConfigurationKind, Version};
use backout_core::port::Blobs;
use serde_json::Value;

use super::configuration::{Content, is_made_before, latest, mark_of, references};
use super::view::View;
use crate::object::{annotation, list, text};
use crate::pods::{Family, Member, OWN_ANNOTATION, code, digest_of, revision_template};

/// Marks the setting of a pod that has not seen configuration that was put back.
const STALE: &str = " stale";

/// Marks the setting of a pod whose workload has another template now.
const LEAVING: &str = " leaving";

/// How versions are told.
#[derive(Clone, Copy)]
pub(super) struct Versions<'a> {
    pub(super) view: &'a View,
    pub(super) secrets: SecretsPolicy,
    /// What makes a digest of content that may hold a secret.
    pub(super) blobs: Option<&'a dyn Blobs>,
}

impl Versions<'_> {
    /// The version of a pod. Its setting is the template of its own revision, the configuration that goes back with it as
    /// it is now, and whether the pod has seen that configuration:
    ///
    /// | the configuration was put back | the workload's template is marked | the pod                    | setting   |
    /// |--------------------------------|-----------------------------------|----------------------------|-----------|
    /// | never, or before it was made   | no                                |                            | as it is  |
    /// | after it was made              |                                   | has no mark of that time   | stale     |
    /// |                                | yes                               | has an older mark, or none | stale     |
    /// | after it was made              | yes                               | has that mark              | as it is  |
    ///
    /// A pod of another template than the workload has now is *leaving*, however long that takes: where the pods that are to
    /// follow are refused, all that run are as they were, and the workload is not.
    pub(super) fn of(&self, family: &Family<'_>, member: Member<'_>) -> Version {
        let code = code(member.pod);
        let Some(template) = member.revision.and_then(revision_template) else {
            return Version { code, spec: "of a revision that is gone".to_owned() };
        };
        let passing = if is_leaving(family, &template) {
            LEAVING
        } else if self.is_stale(family, member, &template) {
            STALE
        } else {
            ""
        };
        Version { code, spec: format!("{}{passing}", self.setting(&template)) }
    }

    /// The digest of a template and of the configuration that goes back with it, as that is now.
    pub(super) fn setting(&self, template: &Value) -> Digest {
        let references = references(template);
        let mut lines = vec![digest_of(template).to_string()];
        for ((kind, name), object) in self.view.going_back(&references, self.secrets) {
            let seen = Content::of(object).map(|content| content.seen()).unwrap_or_default();
            let digest = match (kind, self.blobs) {
                (ConfigurationKind::ConfigMap, _) => Digest::of(seen.as_bytes()),
                (ConfigurationKind::Secret, Some(blobs)) => blobs.digest(seen.as_bytes()),
                (ConfigurationKind::Secret, None) => continue,
            };
            lines.push(format!("{kind:?} {name:?} {digest}"));
        }
        Digest::of(lines.join("\n").as_bytes())
    }

    /// When the configuration of a template was put back, the last time.
    pub(super) fn put_back(&self, template: &Value) -> Option<jiff::Timestamp> {
        let references = references(template);
        latest(self.view.going_back(&references, self.secrets).map(|(_, object)| object))
    }

    /// Whether a pod was made before its configuration was put back, or before it was to be made anew.
    pub(super) fn is_stale(&self, family: &Family<'_>, member: Member<'_>, template: &Value) -> bool {
        let wanted =
            mark_of(text(&family.workload.data, &format!("/spec/template/metadata/annotations/{}", escaped())));
        let has = mark_of(annotation(member.pod, OWN_ANNOTATION));
        wanted.is_some_and(|wanted| has.is_none_or(|has| has < wanted))
            || is_made_before(member.pod, self.put_back(template))
    }
}

/// Whether a template is another than the workload has now. Restarts make no other one.
fn is_leaving(family: &Family<'_>, template: &Value) -> bool {
    let asked = family.workload.data.pointer("/spec/template").unwrap_or(&Value::Null);
    digest_of(asked) != digest_of(template) || named(asked) != named(template)
}

/// The images of a template as it names them, by container.
fn named(template: &Value) -> BTreeMap<&str, &str> {
    let containers = list(template, "/spec/containers").iter().chain(list(template, "/spec/initContainers"));
    containers.filter_map(|container| Some((text(container, "/name")?, text(container, "/image")?))).collect()
}

/// A setting without what passes: what it is once all pods have followed.
pub(super) fn lasting(setting: &str) -> &str {
    setting.trim_end_matches(STALE).trim_end_matches(LEAVING)
}

/// Whether a setting is that of a pod which has not read configuration that was put back.
pub(super) fn has_not_read(setting: &str) -> bool {
    setting.ends_with(STALE)
}

/// Our annotation as a part of a JSON pointer.
pub(super) fn escaped() -> String {
    OWN_ANNOTATION.replace('/', "~1")
}
