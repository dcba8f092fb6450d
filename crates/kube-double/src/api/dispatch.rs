//! From a request to its answer.

use crate::api::body::body;
use crate::api::object::{delete, exec, log, read, review, scale, write};
use crate::api::server_info::{discovery, openapi};
use crate::api::{Answer, Call, Problem, Target, Verb, Watch};
use crate::cluster::{Cluster, kinds};

/// Carries out a request.
pub(crate) fn dispatch(cluster: &mut Cluster, call: &Call) -> Result<Answer, Problem> {
    if call.method == "GET"
        && let Some(answer) = discovery::answer(cluster, call).or_else(|| openapi::answer(cluster, call))
    {
        return Ok(answer);
    }
    let target = Target::parse(&call.path)?;
    if cluster.script.unknown_groups.contains(target.resource.group) {
        return Err(Problem::no_such_path());
    }
    let verb = call.verb(!target.name.is_empty()).ok_or_else(|| Problem::new(405, "the method is not allowed"))?;
    let reviews = [&kinds::ACCESS_REVIEWS, &kinds::RULES_REVIEWS, &kinds::SUBJECT_REVIEWS];
    if reviews.contains(&target.resource) {
        return review::answer(cluster, call, &target, &body(call)?);
    }
    review::allow(cluster, call, verb, &target)?;
    match (verb, target.subresource.as_str()) {
        (Verb::Get, "log") => log::answer(cluster, call, &target),
        (Verb::Get | Verb::Create, "exec") => {
            // Since 1.35 whoever asks with GET, as WebSockets do, needs the right of POST as well.
            review::allow(cluster, call, Verb::Create, &target)?;
            exec::answer(cluster, call, &target)
        }
        (_, "scale") => scale::answer(cluster, call, verb, &target),
        (_, "" | "status") => plain(cluster, call, verb, &target),
        _ => Err(Problem::no_such_path()),
    }
}

fn plain(cluster: &mut Cluster, call: &Call, verb: Verb, target: &Target) -> Result<Answer, Problem> {
    if target.subresource == "status" && !target.resource.has_status {
        return Err(Problem::no_such_path());
    }
    match verb {
        Verb::Get => read::get(cluster, call, target),
        Verb::List => read::list(cluster, call, target),
        Verb::Watch => Watch::begin(cluster, call, target).map(|watch| Answer::Watch(Box::new(watch))),
        Verb::Create => write::create(cluster, call, target),
        Verb::Update => write::update(cluster, call, target),
        Verb::Patch => write::patch(cluster, call, target),
        Verb::Delete => delete::one(cluster, call, target),
        Verb::DeleteCollection => delete::all(cluster, call, target),
    }
}
