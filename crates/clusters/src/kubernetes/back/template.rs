//! Which pod template a workload is given, so that what ran runs again with as few pods made anew as that takes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::kubernetes::artifact::Opened;
use crate::kubernetes::configuration::{is_made_before, mark_of};
use crate::object::{list, text};
use crate::pods::{Family, Member, OWN_ANNOTATION, code, digest_of, images, revision_template};

/// The template that a workload shall have:
///
/// | the captured template                                                     | given                       |
/// |---------------------------------------------------------------------------|-----------------------------|
/// | is the present one, and no pod of it runs another image                   | the present one             |
/// | is that of a revision whose pods run, all of them the captured images     | that revision's: they stay  |
/// | otherwise                                                                 | with images by digest       |
///
/// A name such as `web:1.4` may mean another image by now; so names are only kept where pods prove what they mean.
///
/// It is marked, so that all pods are made anew, with `anew` where that is given, and with the time that the configuration
/// was put back where pods are older than that, or all are new: the API tells whole seconds of when a pod was made, so one
/// that was made within the second of that time looks older.
pub(super) fn template(
    opened: &Opened<'_>,
    family: &Family<'_>,
    put_back: Option<Timestamp>,
    anew: Option<Timestamp>,
) -> Value {
    let (mut template, staying) = base(opened, family);
    let is_stale = staying.is_empty() || staying.iter().any(|member| is_made_before(member.pod, put_back));
    mark(&mut template, anew.or(put_back.filter(|_| is_stale)));
    template
}

/// The template that a workload has, marked so that its pods are made anew where one of them has not read configuration that
/// was put back at that time.
pub(super) fn read_anew(family: &Family<'_>, put_back: Option<Timestamp>) -> Value {
    let mut template = family.workload.data.pointer("/spec/template").cloned().unwrap_or_default();
    let is_stale = family.members.iter().any(|member| is_made_before(member.pod, put_back));
    mark(&mut template, put_back.filter(|_| is_stale));
    template
}

/// The template of a workload that is made again. All its pods are new.
pub(super) fn new_template(opened: &Opened<'_>, put_back: Option<Timestamp>) -> Value {
    let mut template = opened.pinned();
    mark(&mut template, put_back);
    template
}

/// Marks a template, unless it bears that mark or a later one.
fn mark(template: &mut Value, mark: Option<Timestamp>) {
    let has = mark_of(mark_in(template));
    if let Some(mark) = mark.filter(|mark| has.is_none_or(|has| has < *mark)) {
        set_mark(template, mark);
    }
}

/// The template without regard to configuration, and the pods that it would keep.
fn base<'a>(opened: &Opened<'_>, family: &Family<'a>) -> (Value, Vec<Member<'a>>) {
    let pinned = opened.pinned();
    let fits = |template: &Value| is_captured(template, opened.template(), &pinned);
    let wanted = opened.artifact.version.code.as_str();
    let present = family.workload.data.pointer("/spec/template").unwrap_or(&Value::Null);
    let newest: Vec<Member<'a>> = family.newest().collect();
    if fits(present) && !newest.iter().any(|member| runs_another(*member, wanted)) {
        return (present.clone(), newest);
    }
    let mut revisions: BTreeMap<&str, Vec<Member<'a>>> = BTreeMap::new();
    for member in &family.members {
        if let Some(revision) = member.revision {
            revisions.entry(crate::object::name(revision)).or_default().push(*member);
        }
    }
    let proven = revisions.into_values().find_map(|members| {
        let template = members.first().and_then(|member| member.revision).and_then(revision_template)?;
        let is_proven = members.iter().all(|member| code(member.pod) == wanted);
        (is_proven && fits(&template)).then_some((template, members))
    });
    proven.unwrap_or((pinned, Vec::new()))
}

/// Whether a template is the captured one: the same setting, and each image by the name that it had or by its digest.
fn is_captured(template: &Value, captured: &Value, pinned: &Value) -> bool {
    let images = |template: &Value| -> Vec<Option<String>> {
        let containers = ["/spec/containers", "/spec/initContainers"];
        let containers = containers.iter().flat_map(|containers| list(template, containers));
        containers.map(|container| text(container, "/image").map(str::to_owned)).collect()
    };
    let (has, by_name, by_digest) = (images(template), images(captured), images(pinned));
    let mut each = has.iter().zip(by_name.iter().zip(&by_digest));
    digest_of(template) == digest_of(captured)
        && has.len() == by_name.len()
        && each.all(|(has, (by_name, by_digest))| has == by_name || has == by_digest)
}

/// Whether a pod is known to run another image than was captured.
fn runs_another(member: Member<'_>, wanted: &str) -> bool {
    let is_known = images(member.pod).iter().all(crate::pods::Image::is_known);
    is_known && code(member.pod) != wanted
}

fn mark_in(template: &Value) -> Option<&str> {
    template.get("metadata")?.get("annotations")?.get(OWN_ANNOTATION)?.as_str()
}

fn set_mark(template: &mut Value, mark: Timestamp) {
    let mut within = template;
    for name in ["metadata", "annotations"] {
        let Some(fields) = within.as_object_mut() else { return };
        let next = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
        if next.is_null() {
            *next = Value::Object(Map::new());
        }
        within = next;
    }
    if let Some(annotations) = within.as_object_mut() {
        annotations.insert(OWN_ANNOTATION.to_owned(), Value::from(mark.to_string()));
    }
}
