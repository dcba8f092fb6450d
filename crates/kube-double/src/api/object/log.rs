//! What a container wrote: `pods/NAME/log`, with `container`, `previous` and `tailLines`.

use serde_json::Value;

use crate::api::{Answer, Call, Problem, Target};
use crate::cluster::{Cluster, object};

/// The lines; an error where the container has not started, or was not started before.
pub(crate) fn answer(cluster: &Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let pod = cluster.store.get(&target.key()).ok_or_else(|| Problem::not_found(target, &target.name))?;
    let all = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses: Vec<&Value> = all.iter().flat_map(|part| object::list(pod, part)).collect();
    let wanted = call.query("container");
    let first = object::text(pod, "/spec/containers/0/name");
    let name = if wanted.is_empty() { first } else { wanted };
    let Some(status) = statuses.into_iter().find(|status| object::text(status, "/name") == name) else {
        return Err(Problem::new(400, format!("container {name} is not valid for pod {}", target.name)));
    };
    let image = object::text(status, "/image");
    let is_previous = call.query("previous") == "true";
    if is_previous && status.pointer("/lastState/terminated").is_none() {
        let message = format!("previous terminated container \"{name}\" in pod \"{}\" not found", target.name);
        return Err(Problem::new(400, message));
    }
    let reason = object::text(status, "/state/waiting/reason");
    let has_never_run = !reason.is_empty() && status.pointer("/lastState/terminated").is_none();
    if has_never_run {
        let why = match reason {
            "ErrImagePull" | "ImagePullBackOff" => format!("image can't be pulled: {reason}"),
            reason => reason.to_owned(),
        };
        let message = format!("container \"{name}\" in pod \"{}\" is waiting to start: {why}", target.name);
        return Err(Problem::new(400, message));
    }
    let run = cluster.runs.get(object::uid(pod));
    let written = run.and_then(|run| std::fs::read(run.log.as_ref()?).ok());
    let text = match (written, run) {
        (Some(written), _) => String::from_utf8_lossy(&written).into_owned(),
        (None, Some(run)) => cluster.script.log(image, run.behaviour(name)),
        (None, None) => String::new(),
    };
    Ok(Answer::Typed(200, "text/plain", last_lines(&text, call.query("tailLines"))))
}

fn last_lines(text: &str, count: &str) -> String {
    let Ok(count) = count.parse::<usize>() else { return text.to_owned() };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines[lines.len().saturating_sub(count)..].concat()
}
