//! What the containers of pods have written: all of a span, or the last lines of those that went bad.

use backout_core::inventory::Version;
use backout_core::port::{EVIDENCE_LINES, Evidence, LogSink, LogSpan, PortError};
use futures_util::future::join_all;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use kube::core::DynamicObject;
use serde_json::Value;

use crate::cluster::{Cluster, failed};
use crate::object::{list, name, number, text};
use crate::pods::{Member, Patience, instance};

/// How much of one container's log is read to look for lines, in bytes.
const MOST_BYTES: i64 = 64 * 1024 * 1024;

/// Of how many pods of a workload the last lines are kept, those that are not well first.
const PODS: usize = 10;

/// Hands over what the containers of some pods have written, one container after the other. One that is gone by now has
/// written what it has.
///
/// # Errors
/// A log that cannot be read.
pub(crate) async fn output(
    cluster: &Cluster,
    members: &[Member<'_>],
    span: LogSpan,
    sink: LogSink<'_>,
) -> Result<(), PortError> {
    let logs = Logs::of(cluster).await?;
    for member in members {
        for status in list(&member.pod.data, "/status/containerStatuses") {
            // What waits for its image has written nothing.
            if status.pointer("/state/waiting").is_some() {
                continue;
            }
            let parameters = LogParams {
                container: text(status, "/name").map(str::to_owned),
                since_time: Some(span.since),
                tail_lines: span.at_most.map(i64::from),
                limit_bytes: Some(MOST_BYTES),
                ..LogParams::default()
            };
            if let Some(written) = logs.read(member.pod, &parameters).await? {
                sink(written.as_bytes());
                sink(b"\n");
            }
        }
    }
    Ok(())
}

/// The last lines of each container of some pods at a time, and of its last run where it was started again.
pub(crate) async fn logs(cluster: &Cluster, members: &[Member<'_>], now: Timestamp) -> Vec<Evidence> {
    let logs = match Logs::of(cluster).await {
        Ok(logs) => logs,
        Err(error) => return vec![missing("logs", &error)],
    };
    let members = worst_first(members, now);
    let runs = members.iter().take(PODS).flat_map(|member| runs(member.pod));
    join_all(runs.map(|run| logs.last_lines(run))).await
}

/// One run of a container.
struct Run<'a> {
    pod: &'a DynamicObject,
    container: &'a str,
    is_previous: bool,
}

fn runs(pod: &DynamicObject) -> Vec<Run<'_>> {
    let of = |status| {
        let container = text(status, "/name").unwrap_or_default();
        let has_run = status.pointer("/state/waiting").is_none() || number(status, "/restartCount").unwrap_or(0) > 0;
        let was_restarted = status.pointer("/lastState/terminated").is_some();
        let runs = [(has_run, false), (was_restarted, true)];
        runs.into_iter().filter(|(there, _)| *there).map(move |(_, is_previous)| Run { pod, container, is_previous })
    };
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    statuses.iter().flat_map(|statuses| list(&pod.data, statuses)).flat_map(|status: &Value| of(status)).collect()
}

/// The pods, those that are not well first.
fn worst_first<'a>(members: &[Member<'a>], now: Timestamp) -> Vec<Member<'a>> {
    let is_well = |member: &Member<'_>| {
        let version = Version { code: String::new(), spec: String::new() };
        instance(member.pod, (now, Patience::default()), version).is_well()
    };
    let mut members = members.to_vec();
    members.sort_by_key(is_well);
    members
}

/// The pods of a namespace, whose logs are read.
struct Logs(Api<Pod>);

impl Logs {
    async fn of(cluster: &Cluster) -> Result<Self, PortError> {
        Ok(Self(Api::namespaced(cluster.client().await?, cluster.namespace().await?)))
    }

    /// A log; `None` where its pod is gone.
    async fn read(&self, pod: &DynamicObject, parameters: &LogParams) -> Result<Option<String>, PortError> {
        match self.0.logs(name(pod), parameters).await {
            Ok(log) => Ok(Some(log)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(failed(&format!("the log of `{}` could not be read", name(pod)), &error)),
        }
    }

    async fn last_lines(&self, run: Run<'_>) -> Evidence {
        let suffix = if run.is_previous { ".previous" } else { "" };
        let file = format!("{}.{}{suffix}.log", name(run.pod), run.container);
        let parameters = LogParams {
            container: Some(run.container.to_owned()),
            previous: run.is_previous,
            tail_lines: Some(i64::from(EVIDENCE_LINES)),
            timestamps: true,
            ..LogParams::default()
        };
        match self.read(run.pod, &parameters).await {
            Ok(Some(content)) => Evidence { name: file, content: content.into_bytes() },
            Ok(None) => missing(&file, &PortError::new("its pod is gone")),
            Err(error) => missing(&file, &error),
        }
    }
}

/// What is said in place of evidence that could not be had.
pub(crate) fn missing(name: &str, error: &PortError) -> Evidence {
    Evidence { name: name.to_owned(), content: format!("could not be had: {error}\n").into_bytes() }
}
