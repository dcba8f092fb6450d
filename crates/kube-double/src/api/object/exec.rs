//! A command in a container: `pods/NAME/exec`, with `command` (once a word), `container`, `stdin`, `stdout` and `stderr`.
//!
//! It runs where the pod's own program does: in its folder, with its variables. A container that stands for no program has
//! nothing in which anything could be run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::api::{Answer, Call, Problem, Target};
use crate::cluster::{Cluster, object};

/// What is to be run, and for which pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exec {
    /// The pod's id.
    pub(crate) pod: String,
    pub(crate) argv: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) variables: BTreeMap<String, String>,
    /// Whether the client wants its standard input, output and error.
    pub(crate) streams: [bool; 3],
}

/// What is to be run; an error where the container is not there or does not run.
pub(crate) fn answer(cluster: &Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let pod = cluster.store.get(&target.key()).ok_or_else(|| Problem::not_found(target, &target.name))?;
    let wanted = call.query("container");
    let name = if wanted.is_empty() { object::text(pod, "/spec/containers/0/name") } else { wanted };
    let mut all = object::list(pod, "/spec/containers").iter();
    if !all.any(|container| object::text(container, "/name") == name) {
        return Err(Problem::new(400, format!("container {name} is not valid for pod {}", target.name)));
    }
    let run = cluster.runs.get(object::uid(pod));
    let found = run.and_then(|run| Some((run, run.launch.as_ref()?, run.answering?)));
    let Some((run, launch, answering)) = found.filter(|(_, launch, _)| launch.container == name) else {
        return Err(Problem::new(500, format!("unable to upgrade connection: container not found (\"{name}\")")));
    };
    let mut variables = launch.program.variables.clone();
    variables.extend(launch.variables.clone());
    variables.insert("PORT".to_owned(), answering.port.to_string());
    let place = run.log.as_ref().and_then(|log| Some(log.parent()?.join("root").display().to_string()));
    variables.extend(place.map(|root| ("ROOT".to_owned(), root)));
    Ok(Answer::Exec(Box::new(Exec {
        pod: object::uid(pod).to_owned(),
        argv: call.words.clone(),
        folder: launch.program.folder.clone(),
        variables,
        streams: ["stdin", "stdout", "stderr"].map(|stream| ["1", "true"].contains(&call.query(stream))),
    })))
}
