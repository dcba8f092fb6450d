//! Writing one object: decided from how it is, written with the version it was read at, decided anew where it has changed.

use backout_core::port::PortError;
use kube::Api;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::DynamicObject;

use crate::cluster::{Kind, failed, is_crossed, is_momentary, is_without_namespace, patiently};
use crate::kubernetes::platform::KubernetesPlatform;

/// Who writes, in the words of the API.
pub(super) const MANAGER: &str = "backout";

/// What is done about one object.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::kubernetes) enum Act {
    /// It is as it shall be, or stays as it is.
    Nothing,
    /// It is made.
    Create(Box<DynamicObject>),
    /// It is replaced by this, which has the version that it was read at.
    Replace(Box<DynamicObject>),
    /// It cannot be changed: it is removed and made.
    Recreate(Box<DynamicObject>),
    /// It is removed.
    Delete,
}

/// Does what is decided about an object from how it is at this moment, and again where it has changed meanwhile. Answers with
/// the object as it was written.
///
/// It is read for that: watches of several kinds are not in step, and one that lags would have it that nothing is to be done.
///
/// # Errors
/// The API server refuses it, or does not answer for longer than a few seconds.
pub(in crate::kubernetes) async fn write(
    platform: &KubernetesPlatform,
    (kind, name): (Kind, &str),
    decide: impl Fn(Option<&DynamicObject>) -> Act,
) -> Result<Option<DynamicObject>, PortError> {
    let api = platform.cluster.api(kind).await?;
    let outcome = patiently(may_pass, || attempt(&api, name, &decide)).await;
    outcome.map_err(|error| failed(&format!("{} `{name}` could not be written", kind.resource().kind), &error))
}

async fn attempt(
    api: &Api<DynamicObject>,
    name: &str,
    decide: &impl Fn(Option<&DynamicObject>) -> Act,
) -> Result<Option<DynamicObject>, kube::Error> {
    let there = api.get_opt(name).await?;
    let act = decide(there.as_ref());
    let there = there.as_ref();
    let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    match act {
        Act::Nothing => Ok(None),
        Act::Create(object) => api.create(&parameters, &object).await.map(Some),
        Act::Replace(object) => api.replace(name, &parameters, &object).await.map(Some),
        Act::Recreate(object) => {
            remove(api, name, there).await?;
            api.create(&parameters, &object).await.map(Some)
        }
        Act::Delete => remove(api, name, there).await.map(|()| None),
    }
}

/// Removes the object that was seen, and no other of its name.
async fn remove(api: &Api<DynamicObject>, name: &str, there: Option<&DynamicObject>) -> Result<(), kube::Error> {
    let uid = there.and_then(|there| there.metadata.uid.clone());
    let parameters = DeleteParams::background().preconditions(Preconditions { uid, resource_version: None });
    match api.delete(name, &parameters).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

/// Whether the same may succeed when it is decided and tried again.
///
/// | the API server                                    | may pass |
/// |---------------------------------------------------|----------|
/// | 404: what was to be replaced is gone              | yes: it is made then |
/// | 404: the namespace is gone                        | no       |
/// | 409: it has changed, or is there already          | yes      |
/// | is busy, broken or away for a moment              | yes      |
/// | any other answer: forbidden, invalid, over quota  | no       |
pub(super) fn may_pass(error: &kube::Error) -> bool {
    let is_gone = matches!(error, kube::Error::Api(status) if status.code == 404);
    is_gone && !is_without_namespace(error) || is_crossed(error) || is_momentary(error)
}
