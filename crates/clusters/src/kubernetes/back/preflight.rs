//! Whether a workload can go back, before anything is changed.

use backout_core::inventory::{Artifact, ConfigurationKind};
use backout_core::port::{Blobs, PortError, Preflight};
use kube::api::PostParams;
use serde_json::Value;

use super::desired::{desired, made_again};
use super::template::template;
use super::write::{Act, MANAGER, may_pass};
use crate::cluster::{Kind, failed, unseen};
use crate::kubernetes::artifact::Opened;
use crate::kubernetes::autoscalers::autoscaled;
use crate::kubernetes::capture::read;
use crate::kubernetes::configuration::references;
use crate::kubernetes::platform::KubernetesPlatform;
use crate::kubernetes::view::{View, resource};
use crate::object::{list, text};

/// Looks for what the captured template needs and nothing makes again, and has the API server try the very write that the
/// way back will do.
///
/// | found                                                                    | answer  |
/// |--------------------------------------------------------------------------|---------|
/// | a blob of the artifact is gone                                           | gone    |
/// | pods are only replaced by hand (`OnDelete`)                              | gone    |
/// | a Rollout has its template elsewhere (`workloadRef`)                     | gone    |
/// | a service account, volume claim or needed Secret that nothing makes again | gone   |
/// | the API server refuses the write: admission, quota, rights               | gone    |
/// | the API server does not answer, or is busy                               | unknown |
/// | otherwise                                                                | present |
///
/// Whether a registry still has the images cannot be asked from here: only the cluster has the credentials. A node that ran
/// them mostly has them, and a pod that cannot get them says so within seconds.
pub(in crate::kubernetes) async fn preflight(
    platform: &KubernetesPlatform,
    artifact: &Artifact,
    blobs: &dyn Blobs,
) -> Preflight {
    // Nobody closes it.
    let _turn = platform.looks.acquire().await;
    let opened = match Opened::open(artifact, blobs).await {
        Ok(opened) => opened,
        Err(error) => return Preflight::Gone { why: error.to_string() },
    };
    match look(platform, &opened).await {
        Ok(None) => Preflight::Present,
        Ok(Some(why)) => Preflight::Gone { why },
        Err(error) => Preflight::Unknown { why: error.to_string() },
    }
}

/// What stands in the way, in words.
async fn look(platform: &KubernetesPlatform, opened: &Opened<'_>) -> Result<Option<String>, PortError> {
    let service = platform.workload(&opened.artifact.service)?;
    let view = platform.view(std::slice::from_ref(&opened.artifact.service)).await?;
    let there = view.workload(service);
    let strategy = there.and_then(|there| text(&there.data, "/spec/updateStrategy/type"));
    if strategy == Some("OnDelete") {
        let name = &service.name;
        return Ok(Some(format!("`{name}` replaces pods only by hand: its update strategy is `OnDelete`")));
    }
    if let Some(owner) = there.and_then(|there| text(&there.data, "/spec/workloadRef/name")) {
        let name = &service.name;
        return Ok(Some(format!(
            "Rollout `{name}` takes its template from `{owner}` (`workloadRef`): make that a service of its own"
        )));
    }
    // First: in a namespace that is gone everything is missing.
    match dry_run(platform, &view, opened).await? {
        Some(refused) => Ok(Some(refused)),
        None => missing(platform, &view, opened).await,
    }
}

/// Something that the template needs and that is not there.
async fn missing(platform: &KubernetesPlatform, view: &View, opened: &Opened<'_>) -> Result<Option<String>, PortError> {
    let template = opened.template();
    for (key, is_needed) in references(template) {
        let is_kept = opened.configuration.get(&key).is_some_and(Option::is_some);
        if !is_needed || is_kept || key.0 == ConfigurationKind::ConfigMap {
            continue;
        }
        if read(platform, view, &key).await?.is_none() {
            return Ok(Some(format!("its pods need Secret `{}`, which is neither there nor in the checkpoint", key.1)));
        }
    }
    let account = text(template, "/spec/serviceAccountName").filter(|account| *account != "default");
    let claims = list(template, "/spec/volumes").iter();
    let claims = claims.filter_map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
    let named = account.map(|account| (Kind::ServiceAccount, account)).into_iter();
    for (kind, name) in named.chain(claims.map(|claim| (Kind::PersistentVolumeClaim, claim))) {
        if is_missing(platform, kind, name).await? {
            return Ok(Some(format!("its pods need {} `{name}`, which is not there", kind.resource().kind)));
        }
    }
    Ok(None)
}

/// Whether an object is not there. One that may not be looked at is not missed.
async fn is_missing(platform: &KubernetesPlatform, kind: Kind, name: &str) -> Result<bool, PortError> {
    match platform.cluster.api(kind).await?.get_opt(name).await {
        Ok(found) => Ok(found.is_none()),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(false),
        Err(error) => Err(failed(&format!("{} `{name}` could not be looked for", kind.resource().kind), &error)),
    }
}

/// The server's words, where it would refuse what the way back writes.
async fn dry_run(platform: &KubernetesPlatform, view: &View, opened: &Opened<'_>) -> Result<Option<String>, PortError> {
    let service = platform.workload(&opened.artifact.service)?;
    let scaled = autoscaled(platform).await?;
    let api = platform.cluster.api(resource(service.kind)).await?;
    let there = view.workload(service).map(|workload| workload.as_ref());
    let parameters = PostParams { dry_run: true, field_manager: Some(MANAGER.to_owned()) };
    let outcome: Result<(), kube::Error> = match there {
        None => match made_again(opened, service.kind, None) {
            Act::Create(object) => api.create(&parameters, &object).await.map(drop),
            _ => Ok(()),
        },
        Some(there) => {
            let family = view.family_of(there);
            let template: Value = template(opened, &family, None, None);
            match desired(opened, &family, &template, scaled.is(service)) {
                Act::Replace(object) => api.replace(&service.name, &parameters, &object).await.map(drop),
                _ => Ok(()),
            }
        }
    };
    verdict(&service.name, outcome)
}

/// | the API server says               | verdict               |
/// |-----------------------------------|-----------------------|
/// | it would do it                    | nothing in the way    |
/// | it has changed meanwhile (409)    | nothing in the way: the way back reads it anew |
/// | it is busy or away                | not known             |
/// | no                                | in the way            |
fn verdict(name: &str, outcome: Result<(), kube::Error>) -> Result<Option<String>, PortError> {
    match outcome {
        Ok(()) => Ok(None),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
        Err(error) if may_pass(&error) && !is_answer(&error, 404) => {
            Err(failed(&format!("whether `{name}` may be changed could not be asked"), &error))
        }
        Err(error) => Ok(Some(unseen(&failed(&format!("`{name}` may not be changed"), &error)))),
    }
}

fn is_answer(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> kube::Error {
        kube::Error::Api(Box::new(Status { code, message: "no".to_owned(), ..Status::default() }))
    }

    #[test]
    fn only_what_will_not_pass_is_in_the_way() {
        assert_eq!(verdict("web", Ok(())).unwrap(), None);
        assert_eq!(verdict("web", Err(refused(409))).unwrap(), None);
        assert!(verdict("web", Err(refused(403))).unwrap().unwrap().contains("the API server says: no"));
        assert!(verdict("web", Err(refused(422))).unwrap().is_some());
        assert!(verdict("web", Err(refused(503))).is_err());
    }
}
