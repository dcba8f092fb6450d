//! What is beside the API: the script, the log of requests, and the workloads' own HTTP.

use std::io;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use serde_json::Value;

use crate::cluster::{Cluster, object};
use crate::controllers;
use crate::script::{Behaviour, Instruction, tag};
use crate::wire::exchange::response;
use crate::wire::shared::json_text;
use crate::wire::{Reply, Shared};

/// Answers `POST /double/script` (an instruction, or a list of them), `GET` and `DELETE /double/requests`, and
/// `/NAMESPACE/WORKLOAD...`.
pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Reply>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let parts: Vec<&str> = head.uri.path().trim_matches('/').split('/').collect();
    Ok(match (&head.method, parts.as_slice()) {
        (&Method::POST, ["double", "script"]) => match read(&body) {
            Ok(instructions) => {
                instructions.into_iter().for_each(|instruction| shared.tell(instruction));
                response(200, "application/json", Reply::from("{}".to_owned()))
            }
            Err(error) => response(400, "text/plain", Reply::from(error.to_string())),
        },
        (&Method::GET, ["double", "requests"]) => {
            response(200, "application/json", Reply::from(json_text(&shared.requests())))
        }
        (&Method::DELETE, ["double", "requests"]) => {
            shared.forget_requests();
            response(200, "application/json", Reply::from("{}".to_owned()))
        }
        (_, [namespace, workload, ..]) => {
            let (code, text) = shared.look(|cluster| workload_answer(cluster, namespace, workload));
            response(code, "text/plain", Reply::from(text))
        }
        _ => response(404, "text/plain", Reply::from("no such path".to_owned())),
    })
}

fn read(body: &[u8]) -> serde_json::Result<Vec<Instruction>> {
    match serde_json::from_slice(body)? {
        Value::Array(items) => items.into_iter().map(serde_json::from_value).collect(),
        one => Ok(vec![serde_json::from_value(one)?]),
    }
}

/// What a workload answers: an erring pod among those that are ready is the one that is asked.
fn workload_answer(cluster: &Cluster, namespace: &str, workload: &str) -> (u16, String) {
    let mut pods = controllers::pods_of_workload(cluster, namespace, workload);
    pods.retain(controllers::is_pod_ready);
    let errs = |pod: &&Value| {
        let run = cluster.runs.get(object::uid(pod));
        run.is_some_and(|run| run.behaviours.values().any(|behaviour| *behaviour == Behaviour::Erring))
    };
    let image = |pod: &Value| tag(object::text(pod, "/spec/containers/0/image")).to_owned();
    match (pods.iter().find(errs), pods.last()) {
        (Some(pod), _) => (500, image(pod)),
        (None, Some(pod)) => (200, image(pod)),
        (None, None) => (503, "no pod is ready".to_owned()),
    }
}
