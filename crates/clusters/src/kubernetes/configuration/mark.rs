//! Pods that read what was put back since: they run with configuration that nobody wants, and nothing else shows it.
//!
//! A ConfigMap or Secret that is put back is marked with the time; so is the pod template that its pods shall have. A run
//! that is killed between the two is found out by that: the pods there were made before the mark.

use jiff::Timestamp;
use kube::core::DynamicObject;

use crate::object::{annotation, made_at};
use crate::pods::OWN_ANNOTATION;

/// The annotation on a ConfigMap or Secret: when it was put back.
pub(super) const MARK: &str = "backout.dev/put-back";

/// When the last of some ConfigMaps or Secrets was put back.
pub(crate) fn latest<'a>(objects: impl Iterator<Item = &'a DynamicObject>) -> Option<Timestamp> {
    objects.filter_map(|object| annotation(object, MARK)?.parse().ok()).max()
}

/// The mark of a pod template or pod.
pub(crate) fn mark_of(annotation: Option<&str>) -> Option<Timestamp> {
    annotation?.parse().ok()
}

/// Whether a pod was made before its configuration was put back: neither says its template that it was not, nor its age.
pub(crate) fn is_made_before(pod: &DynamicObject, put_back: Option<Timestamp>) -> bool {
    let Some(put_back) = put_back else { return false };
    let is_marked = mark_of(annotation(pod, OWN_ANNOTATION)).is_some_and(|mark| mark >= put_back);
    !is_marked && made_at(pod).is_none_or(|made| made < put_back)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(made: &str, mark: Option<&str>) -> DynamicObject {
        let annotations = mark.map_or(Value::Null, |mark| json!({OWN_ANNOTATION: mark}));
        serde_json::from_value(json!({"metadata": {"creationTimestamp": made, "annotations": annotations}})).unwrap()
    }

    #[test]
    fn a_pod_is_stale_unless_its_mark_or_its_age_says_otherwise() {
        let put_back = Some("2026-11-21T08:00:10Z".parse().unwrap());
        assert!(is_made_before(&pod("2026-11-21T08:00:00Z", None), put_back));
        assert!(is_made_before(&pod("2026-11-21T08:00:00Z", Some("2026-11-21T07:00:00Z")), put_back));
        assert!(!is_made_before(&pod("2026-11-21T08:00:00Z", Some("2026-11-21T08:00:10Z")), put_back));
        assert!(!is_made_before(&pod("2026-11-21T08:00:11Z", None), put_back));
        assert!(!is_made_before(&pod("2026-11-21T08:00:00Z", None), None));
    }
}
