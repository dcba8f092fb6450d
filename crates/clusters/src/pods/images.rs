//! Images: as a template names them, and as the node ran them.

use std::collections::BTreeMap;

use kube::core::DynamicObject;
use serde_json::Value;

use crate::object::{list, text};

/// The image of one container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image<'a> {
    /// The container.
    pub(crate) container: &'a str,
    /// As the pod names it.
    named: &'a str,
    /// As the node tells what it ran; empty while it has not.
    id: &'a str,
    /// Whether the node may not fetch it.
    is_never_fetched: bool,
}

impl Image<'_> {
    /// What runs, in one form for an image that is named by a tag and the same one named by its digest:
    ///
    /// | the node tells                        | the pod names         | reference             |
    /// |---------------------------------------|-----------------------|-----------------------|
    /// | `docker.io/shop/web@sha256:1`         | `shop/web:1.4`        | `shop/web@sha256:1`   |
    /// | `docker-pullable://shop/web@sha256:1` | `shop/web:1.4`        | `shop/web@sha256:1`   |
    /// | `sha256:2`, an image id               | `shop/web:1.4`        | `shop/web@sha256:2`   |
    /// | nothing yet                           | `shop/web:1.4`        | `shop/web:1.4`        |
    /// | nothing yet                           | `shop/web@sha256:1`   | `shop/web@sha256:1`   |
    pub(crate) fn reference(&self) -> String {
        let repository = repository(self.named);
        match self.digest().or_else(|| self.named.split_once('@').map(|(_, digest)| digest)) {
            Some(digest) => format!("{repository}@{digest}"),
            None => self.named.to_owned(),
        }
    }

    /// The image for a person: `shop/web:1.4 (1f2e3d4c5b6a)`.
    pub(crate) fn words(&self) -> String {
        let named = self.named.split_once('@').map_or(self.named, |(name, _)| name);
        let digest = self.digest().or_else(|| self.named.split_once('@').map(|(_, digest)| digest));
        let hex = digest.map(|digest| digest.split_once(':').map_or(digest, |(_, hex)| hex));
        hex.map_or_else(|| named.to_owned(), |hex| format!("{named} ({})", hex.get(..12).unwrap_or(hex)))
    }

    /// Whether what it ran is known.
    pub(crate) fn is_known(&self) -> bool {
        !self.id.is_empty()
    }

    /// As the pod names it.
    pub(crate) fn named(&self) -> &str {
        self.named
    }

    /// The image by a digest that a registry knows; `None` where the node told no such digest, told that of another
    /// repository (an image that was loaded onto the node by hand), or may not fetch it at all.
    pub(crate) fn pinned(&self) -> Option<String> {
        let (ran, digest) = self.id.rsplit_once("://").map_or(self.id, |(_, id)| id).split_once('@')?;
        let is_same = full(repository(self.named)) == full(ran);
        (is_same && !self.is_never_fetched).then(|| format!("{}@{digest}", repository(self.named)))
    }

    fn digest(&self) -> Option<&str> {
        let start = self.id.rfind("sha256:")?;
        self.id.get(start..)
    }
}

/// The images of a pod's containers, those that prepare it as well.
pub(crate) fn images(pod: &DynamicObject) -> Vec<Image<'_>> {
    let of = |(containers, statuses): (&str, &str)| {
        let statuses = list(&pod.data, statuses);
        list(&pod.data, containers).iter().filter_map(move |container| image(container, statuses)).collect::<Vec<_>>()
    };
    let parts =
        [("/spec/containers", "/status/containerStatuses"), ("/spec/initContainers", "/status/initContainerStatuses")];
    parts.into_iter().flat_map(of).collect()
}

/// What a pod executes: `app=shop/web@sha256:1, proxy=envoy@sha256:2`. Containers that only prepare it are left out: they
/// have ended.
pub(crate) fn code(pod: &DynamicObject) -> String {
    let statuses = list(&pod.data, "/status/containerStatuses");
    let containers = list(&pod.data, "/spec/containers").iter().filter_map(|container| image(container, statuses));
    let images: BTreeMap<&str, String> = containers.map(|image| (image.container, image.reference())).collect();
    images.iter().map(|(container, image)| format!("{container}={image}")).collect::<Vec<_>>().join(", ")
}

fn image<'a>(container: &'a Value, statuses: &'a [Value]) -> Option<Image<'a>> {
    let name = text(container, "/name")?;
    let status = statuses.iter().find(|status| text(status, "/name") == Some(name));
    Some(Image {
        container: name,
        named: text(container, "/image").unwrap_or_default(),
        id: status.and_then(|status| text(status, "/imageID")).unwrap_or_default(),
        is_never_fetched: text(container, "/imagePullPolicy") == Some("Never"),
    })
}

/// An image's name without tag and digest. A colon before the last slash is a registry's port.
fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    name.get(last..).and_then(|name| name.find(':')).map_or(name, |colon| &name[..last + colon])
}

/// A repository with the registry and folder that Docker leaves out.
fn full(repository: &str) -> String {
    let first = repository.split('/').next().unwrap_or_default();
    let names_registry = repository.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    match (names_registry, repository.contains('/')) {
        (true, _) => repository.replacen("index.docker.io/", "docker.io/", 1),
        (false, true) => format!("docker.io/{repository}"),
        (false, false) => format!("docker.io/library/{repository}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn image<'a>(named: &'a str, id: &'a str) -> Image<'a> {
        Image { container: "app", named, id, is_never_fetched: false }
    }

    #[test]
    fn an_image_by_tag_and_the_same_by_digest_are_one_code() {
        let by_tag = image("shop/web:1.4", "docker.io/shop/web@sha256:11");
        let by_digest = image("shop/web@sha256:11", "");
        assert_eq!(by_tag.reference(), "shop/web@sha256:11");
        assert_eq!(by_tag.reference(), by_digest.reference());
        assert_eq!(image("shop/web:1.4", "sha256:22").reference(), "shop/web@sha256:22");
        assert_eq!(image("shop/web:1.4", "").reference(), "shop/web:1.4");
        assert_eq!(
            image("reg:5000/web", "docker-pullable://reg:5000/web@sha256:3").reference(),
            "reg:5000/web@sha256:3"
        );
    }

    #[test]
    fn only_a_digest_of_the_images_own_repository_pins_it() {
        let pinned = |named: &str, id: &str| image(named, id).pinned();
        assert_eq!(pinned("web:1", "docker.io/library/web@sha256:1").as_deref(), Some("web@sha256:1"));
        assert_eq!(pinned("web:1", "index.docker.io/library/web@sha256:1").as_deref(), Some("web@sha256:1"));
        assert_eq!(pinned("localhost/web:1", "localhost/web@sha256:1").as_deref(), Some("localhost/web@sha256:1"));
        assert_eq!(pinned("web:1", "docker.io/library/import-2026@sha256:1"), None);
        assert_eq!(pinned("web:1", "sha256:1"), None);
        assert_eq!(pinned("web:1", ""), None);
        let never = Image { is_never_fetched: true, ..image("web:1", "docker.io/library/web@sha256:1") };
        assert_eq!(never.pinned(), None);
    }

    #[test]
    fn the_code_of_a_pod_is_its_containers_in_order() {
        let pod: DynamicObject = serde_json::from_value(json!({"metadata": {},
            "spec": {
                "initContainers": [{"name": "prepare", "image": "busybox:1"}],
                "containers": [{"name": "web", "image": "web:1"}, {"name": "proxy", "image": "envoy:2"}],
            },
            "status": {"containerStatuses": [{"name": "web", "imageID": "docker.io/library/web@sha256:1"}]},
        }))
        .unwrap();
        assert_eq!(code(&pod), "proxy=envoy:2, web=web@sha256:1");
        assert_eq!(images(&pod).iter().map(|image| image.container).collect::<Vec<_>>(), ["web", "proxy", "prepare"]);
    }
}
