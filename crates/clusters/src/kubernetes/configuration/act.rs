//! What is done about one ConfigMap or Secret on the way back.

use backout_core::config::SecretsPolicy;
use backout_core::inventory::ConfigurationKind;
use jiff::Timestamp;
use kube::core::DynamicObject;

use super::content::is_immutable;
use super::{Content, Key};
use crate::kubernetes::back::Act;

/// What is done about a ConfigMap or Secret, given what was kept of it and what is there.
///
/// | kind      | Secrets  | kept | there                | act      |
/// |-----------|----------|------|----------------------|----------|
/// | any       |          | no   | no                   | nothing  |
/// | ConfigMap |          | no   | yes                  | delete   |
/// | Secret    |          | no   | yes                  | nothing  |
/// | any       |          | yes  | no                   | create   |
/// | any       |          | yes  | the same             | nothing  |
/// | Secret    | stay     | yes  | another content      | nothing: it may have been rotated |
/// | ConfigMap, or Secret that goes back | | yes | another content | replace |
/// | ConfigMap, or Secret that goes back | | yes | another, immutable | recreate |
pub(crate) fn act(
    key: &Key,
    kept: Option<&Content>,
    there: Option<&DynamicObject>,
    (secrets, at): (SecretsPolicy, Timestamp),
) -> Act {
    let goes_back = key.0 == ConfigurationKind::ConfigMap || secrets == SecretsPolicy::Restore;
    match (kept, there) {
        (None, None) => Act::Nothing,
        (None, Some(_)) if key.0 == ConfigurationKind::ConfigMap => Act::Delete,
        (None, Some(_)) => Act::Nothing,
        (Some(kept), None) => Act::Create(Box::new(kept.made_anew(key, at))),
        (Some(kept), Some(there)) => {
            let is_same = Content::of(there).is_some_and(|there| there.seen() == kept.seen());
            match (is_same || !goes_back, is_immutable(there)) {
                (true, _) => Act::Nothing,
                (false, true) => Act::Recreate(Box::new(kept.made_anew(key, at))),
                (false, false) => Act::Replace(Box::new(kept.put_into(there, at))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(value: &str, immutable: bool) -> DynamicObject {
        serde_json::from_value(json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "c", "resourceVersion": "7", "uid": "u", "labels": {"app": "web"}},
            "data": {"MODE": value}, "immutable": immutable}))
        .unwrap()
    }

    fn acted(kind: ConfigurationKind, policy: SecretsPolicy, kept: Option<&str>, there: Option<(&str, bool)>) -> Act {
        let kept = kept.and_then(|value| Content::of(&object(value, false)));
        let there = there.map(|(value, immutable)| object(value, immutable));
        let at = "2026-11-21T08:00:00Z".parse().unwrap();
        act(&(kind, "c".to_owned()), kept.as_ref(), there.as_ref(), (policy, at))
    }

    const MAP: ConfigurationKind = ConfigurationKind::ConfigMap;
    const SECRET: ConfigurationKind = ConfigurationKind::Secret;

    #[test]
    fn config_maps_go_back_and_keep_what_is_not_theirs() {
        let Act::Replace(object) = acted(MAP, SecretsPolicy::Keep, Some("old"), Some(("new", false))) else { panic!() };
        assert_eq!(object.data["data"], json!({"MODE": "old"}));
        assert_eq!(object.metadata.resource_version.as_deref(), Some("7"));
        assert_eq!(object.metadata.annotations.unwrap()["backout.dev/put-back"], "2026-11-21T08:00:00Z");
        assert_eq!(acted(MAP, SecretsPolicy::Keep, Some("old"), Some(("old", false))), Act::Nothing);
        assert_eq!(acted(MAP, SecretsPolicy::Keep, None, Some(("new", false))), Act::Delete);
        assert!(matches!(acted(MAP, SecretsPolicy::Keep, Some("old"), Some(("new", true))), Act::Recreate(_)));
    }

    #[test]
    fn a_secret_that_was_rotated_stays_and_one_that_is_gone_is_made_again() {
        assert_eq!(acted(SECRET, SecretsPolicy::Keep, Some("old"), Some(("new", false))), Act::Nothing);
        assert_eq!(acted(SECRET, SecretsPolicy::Keep, None, Some(("new", false))), Act::Nothing);
        let Act::Create(object) = acted(SECRET, SecretsPolicy::Keep, Some("old"), None) else { panic!() };
        assert_eq!(object.types.unwrap().kind, "Secret");
        assert_eq!((object.metadata.resource_version, object.data["data"].clone()), (None, json!({"MODE": "old"})));
        let back = acted(SECRET, SecretsPolicy::Restore, Some("old"), Some(("new", false)));
        assert!(matches!(back, Act::Replace(_)));
    }

    #[test]
    fn content_survives_being_kept_and_says_nothing_in_debug() {
        let content = Content::of(&object("hunter2", false)).unwrap();
        assert_eq!(Content::read(&content.kept()).unwrap(), content);
        assert!(!format!("{content:?}").contains("hunter2"));
        let token: Value = json!({"metadata": {}, "type": "kubernetes.io/service-account-token"});
        assert!(Content::of(&serde_json::from_value(token).unwrap()).is_none());
    }
}
