//! One command in a container, over a WebSocket: its input, its two outputs, and how it ended.

use std::convert::Infallible;
use std::time::Duration;

use backout_core::port::{ErrandOutput, PortError};
use futures_util::future::join3;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::over::over;
use super::place::Place;
use crate::cluster::{Cluster, failed};

/// How long the connection may take to be made.
const CONNECTED_WITHIN: Duration = Duration::from_secs(30);
/// How long a program may take to end that is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(8);
/// How long the end of a program may take to be told once its pod has gone.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// What is under way at once in each direction, in bytes.
const BUFFER: usize = 64 * 1024;

/// A command.
pub(super) struct Order<'a> {
    pub(super) argv: Vec<String>,
    /// What it reads first. Its standard input ends only with it, or with us.
    pub(super) input: &'a [u8],
    /// How long it may take.
    pub(super) limit: Duration,
    /// How much of each output is kept, in bytes: the last.
    pub(super) most: usize,
}

/// A command that ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) output: ErrandOutput,
    /// Whether more was written than was kept.
    pub(super) is_cut: bool,
}

/// A command of which nobody saw the end.
#[derive(Debug)]
pub(super) enum Broken {
    /// The API server refused it.
    Refused(PortError),
    /// It could not be started in the container.
    NotStarted {
        /// What the node says.
        why: String,
    },
    /// It was sent, and what became of it is not known.
    Lost {
        /// What happened.
        why: String,
    },
    /// It did not end in time, and was told to end.
    TimedOut,
}

/// Runs a command.
pub(super) async fn run(cluster: &Cluster, place: &Place, order: &Order<'_>) -> Result<Done, Broken> {
    let mut process = begun(cluster, place, order).await?;
    let mut input = process.stdin();
    let mut feeding = Box::pin(feed(input.as_mut(), order.input));
    let status = process.take_status();
    let status = async { if let Some(status) = status { status.await } else { None } };
    let talk = join3(read(process.stdout(), order.most), read(process.stderr(), order.most), status);
    tokio::pin!(talk);
    let ended = tokio::select! {
        ended = &mut talk => Some(ended),
        never = &mut feeding => match never {},
        // Its end may be on its way.
        () = over(cluster, place) => timeout(TOLD_WITHIN, &mut talk).await.ok().filter(|(_, _, status)| status.is_some()),
        () = tokio::time::sleep(order.limit) => {
            drop(feeding);
            drop(timeout(ENDS_WITHIN, told_to_end(input, &mut talk)).await);
            return Err(Broken::TimedOut);
        }
    };
    let Some(((stdout, is_cut), (stderr, is_cut_too), status)) = ended else {
        return Err(Broken::Lost { why: format!("pod `{}` went while it ran", place.pod) });
    };
    let status = status.ok_or_else(|| Broken::Lost { why: "the connection broke while it ran".to_owned() })?;
    let code = code(&status)?;
    Ok(Done { output: ErrandOutput { code, stdout, stderr }, is_cut: is_cut || is_cut_too })
}

/// Has a command begin.
async fn begun(cluster: &Cluster, place: &Place, order: &Order<'_>) -> Result<AttachedProcess, Broken> {
    let pods: Api<Pod> = match (cluster.client().await, cluster.namespace().await) {
        (Ok(client), Ok(namespace)) => Api::namespaced(client, namespace),
        (Err(error), _) | (_, Err(error)) => return Err(Broken::Refused(error)),
    };
    let parameters = AttachParams::default()
        .container(&place.container)
        .stdin(true)
        .max_stdin_buf_size(BUFFER)
        .max_stdout_buf_size(BUFFER)
        .max_stderr_buf_size(BUFFER);
    match timeout(CONNECTED_WITHIN, pods.exec(&place.pod, &order.argv, &parameters)).await {
        Ok(Ok(process)) => Ok(process),
        Ok(Err(error @ kube::Error::Api(_))) => Err(Broken::Refused(failed("the pod takes no program", &error))),
        Ok(Err(error)) => Err(Broken::Lost { why: failed("the connection broke", &error).what }),
        Err(_) => Err(Broken::Lost { why: "the API server did not answer".to_owned() }),
    }
}

/// How a command ended.
///
/// | status    | reason            | cause      | it                       |
/// |-----------|-------------------|------------|--------------------------|
/// | `Success` |                   |            | ended with 0             |
/// | `Failure` | `NonZeroExitCode` | `ExitCode` | ended with that code     |
/// | `Failure` | any other         |            | could not be started     |
fn code(status: &Status) -> Result<i64, Broken> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
    let mut causes = causes.filter(|cause| cause.reason.as_deref() == Some("ExitCode"));
    let code = causes.next().and_then(|cause| cause.message.as_deref()?.parse().ok());
    let code = code.filter(|_| status.reason.as_deref() == Some("NonZeroExitCode"));
    code.ok_or_else(|| Broken::NotStarted { why: status.message.clone().unwrap_or_default() })
}

/// Writes what is to be read first.
async fn feed(to: Option<&mut (impl AsyncWrite + Unpin)>, input: &[u8]) -> Infallible {
    if let Some(to) = to {
        // A program that ends before it has read all says why itself.
        let _ = to.write_all(input).await;
    }
    std::future::pending().await
}

/// Ends the input of a program, which ends it, and waits for that.
async fn told_to_end(input: Option<impl AsyncWrite + Unpin>, talk: impl Future) {
    if let Some(mut input) = input {
        // Who cannot be told any more has ended, or is out of reach.
        let _ = input.shutdown().await;
    }
    talk.await;
}

/// The last of what is written, and whether there was more.
async fn read(from: Option<impl AsyncRead + Unpin>, most: usize) -> (Vec<u8>, bool) {
    let (mut kept, mut is_cut) = (Vec::new(), false);
    let Some(mut from) = from else { return (kept, is_cut) };
    let mut piece = vec![0; BUFFER];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        kept.extend_from_slice(piece.get(..count).unwrap_or_default());
        if kept.len() > most.saturating_mul(2) {
            is_cut = true;
            kept.drain(..kept.len() - most);
        }
    }
    let surplus = kept.len().saturating_sub(most);
    kept.drain(..surplus);
    (kept, is_cut || surplus > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_exit_code_is_told_from_a_command_that_was_not_started() {
        let of = |status: Value| code(&serde_json::from_value(status).unwrap());
        let cause = |reason: &str| json!({"causes": [{"reason": reason, "message": "3"}]});
        let exited = json!({"status": "Failure", "reason": "NonZeroExitCode", "details": cause("ExitCode")});
        assert_eq!(of(json!({"status": "Success"})).unwrap(), 0);
        assert_eq!(of(exited).unwrap(), 3);
        for other in [
            json!({"status": "Failure", "reason": "InternalError", "message": "no such file", "details": cause("ExitCode")}),
            json!({"status": "Failure", "reason": "NonZeroExitCode", "details": cause("Other")}),
            json!({}),
        ] {
            assert!(matches!(of(other.clone()), Err(Broken::NotStarted { .. })), "{other}");
        }
    }

    #[tokio::test]
    async fn the_last_of_much_is_kept() {
        let all: Vec<u8> = (0..1_000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        assert_eq!(read(Some(all.as_slice()), all.len()).await, (all.clone(), false));
        assert_eq!(read(Some(all.as_slice()), 6).await, (b"998999".to_vec(), true));
        assert_eq!(read(Some(all.as_slice()), all.len() - 1).await, (all[1..].to_vec(), true));
        assert_eq!(read(None::<&[u8]>, 6).await, (Vec::new(), false));
    }
}
