//! 200 Deployments in one environment, looked at and planned for, with what it takes to only list them beside.

use serde_json::{Value, json};

use super::shop;
use super::site::{Programs, Site};
use crate::bench::spread::Spread;
use crate::bench::usage::Usage;
use crate::failure::Failure;

const DEPLOYMENTS: usize = 200;
const TIMES: usize = 5;

/// What some runs of one program took.
pub(super) struct Cost {
    pub(super) who: &'static str,
    pub(super) wall: Spread,
    pub(super) processor: Spread,
    /// The most of all runs, in MiB.
    pub(super) peak_mib: f64,
    /// Requests of the last run.
    pub(super) requests: usize,
}

/// The floor first.
pub(super) fn measure(programs: &Programs) -> Result<Vec<Cost>, Failure> {
    let site = all_to_go_back(programs)?;
    let list: &[&str] = &["get", "deployments,pods", "-o", "json"];
    let (status, plan): (&[&str], &[&str]) = (&["status", "--json"], &["plan", "--json"]);
    let near = [
        ("`kubectl get deployments,pods -o json`", "kubectl", list),
        ("`backout status --json`", "backout", status),
        ("`backout plan --json`, all 200 to go back", "backout", plan),
    ]
    .map(|(who, program, words)| cost(&site, who, program, words));
    let later = json!({"path": "", "times": 1_000_000, "kind": {"delay": {"milliseconds": 20}}});
    site.double.tell(&json!({"fault": later}))?;
    let away = [
        ("`kubectl get`, every answer 20 ms later", "kubectl", list),
        ("`backout status`, every answer 20 ms later", "backout", status),
        ("`backout plan`, every answer 20 ms later", "backout", plan),
    ]
    .map(|(who, program, words)| cost(&site, who, program, words));
    near.into_iter().chain(away).collect()
}

/// A cluster on which every Deployment is of another version than the good checkpoint has.
fn all_to_go_back(programs: &Programs) -> Result<Site<'_>, Failure> {
    let names: Vec<String> = (1..=DEPLOYMENTS).map(|number| format!("app-{number:03}")).collect();
    let services: String = names.iter().map(|name| format!("      {name}: {{}}\n")).collect();
    let site = Site::new(programs, "{ kubernetes: { namespace: default } }", &services)?;
    site.write("many.yaml", &shop::many(&names))?;
    site.run("kubectl", &["apply", "-f", "many.yaml"])?;
    are_available(&site)?;
    site.run("backout", &["checkpoint", "create"])?;
    site.run("kubectl", &["set", "image", "deployment", "--all", "app=shop/web:3"])?;
    are_available(&site)?;
    let planned: Value = serde_json::from_str(&site.run("backout", &["plan", "--json"])?)
        .map_err(|error| Failure::Check(format!("`backout plan`: {error}")))?;
    let steps = planned["plan"]["steps"].as_array().into_iter().flatten();
    match steps.filter(|step| step["action"]["do"] == "switch").count() {
        DEPLOYMENTS => Ok(site),
        other => Err(Failure::Check(format!("`backout plan` takes {other} Deployments back, and not {DEPLOYMENTS}"))),
    }
}

fn cost(site: &Site<'_>, who: &'static str, program: &str, words: &[&str]) -> Result<Cost, Failure> {
    let mut runs = Vec::new();
    for _ in 0..TIMES {
        site.double.forget()?;
        let usage = Usage::of(site.call(program, words), &site.log())?;
        if usage.code != Some(0) {
            return Err(Failure::Check(format!("{who} ended with {:?}\n{}", usage.code, site.last_words())));
        }
        runs.push(usage);
    }
    Ok(Cost {
        who,
        wall: Spread::of(runs.iter().map(|run| run.wall)),
        processor: Spread::of(runs.iter().map(|run| run.processor)),
        peak_mib: runs.iter().map(|run| run.peak_mib).fold(0.0, f64::max),
        requests: site.double.requests()?.len(),
    })
}

/// Waits until all pods of all Deployments are of their newest template, and available.
fn are_available(site: &Site<'_>) -> Result<(), Failure> {
    for _ in 0..600 {
        let all = site.double.get("/apis/apps/v1/namespaces/default/deployments")?;
        let all = all["items"].as_array().cloned().unwrap_or_default();
        let is_done = |name: &str| all.iter().all(|it| it["status"][name] == it["spec"]["replicas"]);
        if all.len() == DEPLOYMENTS && ["replicas", "updatedReplicas", "availableReplicas"].into_iter().all(is_done) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err(Failure::Check(format!("{DEPLOYMENTS} Deployments were not available within a minute")))
}
