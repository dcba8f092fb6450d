//! How many requests a rollback makes of the API server, watches counted.

use std::collections::BTreeMap;

use serde_json::Value;

use super::site::{Deployed, Pace, Programs, Site};
use crate::failure::Failure;

/// What somebody asked of the API server.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// For objects, by Kubernetes' verb.
    verbs: BTreeMap<String, usize>,
    /// For what kinds of objects there are, and what they look like. `kubectl` and `helm` keep the most of that on disk.
    pub(super) discovery: usize,
}

impl Requests {
    fn of(site: &Site<'_>) -> Result<Self, Failure> {
        let mut requests = Self::default();
        for request in site.double.requests()? {
            match request["verb"].as_str().unwrap_or_default() {
                "" => requests.discovery += 1,
                verb => *requests.verbs.entry(verb.to_owned()).or_default() += 1,
            }
        }
        Ok(requests)
    }

    /// Those for objects.
    pub(super) fn all(&self) -> usize {
        self.verbs.values().sum()
    }

    /// `get 3, list 4, watch 4`.
    pub(super) fn words(&self) -> String {
        let verbs: Vec<String> = self.verbs.iter().map(|(verb, count)| format!("{verb} {count}")).collect();
        verbs.join(", ")
    }
}

/// What going back took of each: with `backout`, and without.
pub(super) struct Compared {
    pub(super) ours: Requests,
    pub(super) theirs: Requests,
}

const SET_IMAGE: [&str; 4] = ["set", "image", "deployment/web", "app=shop/web:2-missing"];
const UPGRADE: [&str; 5] = ["upgrade", "shop", "chart", "--set", "tag=2-missing"];

/// A Deployment back from a bad image.
pub(super) fn of_a_workload(programs: &Programs) -> Result<Compared, Failure> {
    let deploy = |site: &Site<'_>| site.run("kubectl", &SET_IMAGE).map(drop);
    let ours = ours(programs, Deployed::Workload, deploy)?;
    let theirs = measured(programs, Deployed::Workload, deploy, |site| {
        site.run("kubectl", &["rollout", "undo", "deployment/web"])?;
        site.run("kubectl", &["rollout", "status", "deployment/web", "--timeout=60s"]).map(drop)
    })?;
    Ok(Compared { ours, theirs })
}

/// A release back from a bad image.
pub(super) fn of_a_release(programs: &Programs) -> Result<Compared, Failure> {
    let deploy = |site: &Site<'_>| site.run("helm", &UPGRADE).map(drop);
    let ours = ours(programs, Deployed::Release, deploy)?;
    let theirs = measured(programs, Deployed::Release, deploy, |site| {
        site.run("helm", &["rollback", "shop", "1", "--wait"]).map(drop)
    })?;
    Ok(Compared { ours, theirs })
}

fn ours(
    programs: &Programs,
    deployed: Deployed,
    deploy: impl Fn(&Site<'_>) -> Result<(), Failure>,
) -> Result<Requests, Failure> {
    measured(programs, deployed, deploy, |site| site.run("backout", &["rollback", "--yes"]).map(drop))
}

fn measured(
    programs: &Programs,
    deployed: Deployed,
    deploy: impl Fn(&Site<'_>) -> Result<(), Failure>,
    go_back: impl Fn(&Site<'_>) -> Result<(), Failure>,
) -> Result<Requests, Failure> {
    let site = Site::deployed(programs, deployed, Pace::Double)?;
    deploy(&site)?;
    bad_pod(&site)?;
    site.double.forget()?;
    go_back(&site)?;
    Requests::of(&site)
}

/// Waits until a pod says that its image cannot be had.
fn bad_pod(site: &Site<'_>) -> Result<(), Failure> {
    for _ in 0..200 {
        let pods = site.double.get("/api/v1/namespaces/default/pods")?;
        let of_pod =
            |pod: &Value| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff";
        if pods["items"].as_array().is_some_and(|pods| pods.iter().any(of_pod)) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err(Failure::Check("no pod of the bad image was made within 10 s".to_owned()))
}
