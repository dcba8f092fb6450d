//! One command and its client.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::process::Process;
use crate::api::Exec;
use crate::wire::Shared;

/// The channel of the last message: how the command ended.
const STATUS: u8 = 3;
/// Time between two looks whether the pod is there.
const LOOK: Duration = Duration::from_millis(20);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Runs the command until it ends, or its pod does.
pub(crate) async fn serve(shared: Arc<Shared>, exec: Exec, upgrade: OnUpgrade) {
    let Ok(upgraded) = upgrade.await else { return };
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let status = match Process::start(&exec) {
        Ok(process) => tokio::select! {
            status = run(&mut socket, process) => status,
            () = gone(&shared, &exec.pod) => None,
        },
        Err(error) => Some(not_started(&exec, &error)),
    };
    match status {
        // The client may have gone before.
        Some(status) => {
            let _ = socket.send(message(STATUS, status.to_string().as_bytes())).await;
            let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
            let _ = socket.close(Some(frame)).await;
        }
        None => while let Some(Ok(_)) = socket.next().await {},
    }
}

/// Passes on what is written and read, to its end; then how the command ended.
async fn run(socket: &mut Socket, mut process: Process) -> Option<Value> {
    let (mut is_heard, mut is_writing) = (true, true);
    loop {
        tokio::select! {
            heard = socket.next(), if is_heard => match heard {
                Some(Ok(Message::Binary(bytes))) => hear(&mut process, &bytes),
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    is_heard = false;
                    process.input = None;
                }
                Some(Ok(_)) => {}
            },
            piece = process.output.recv(), if is_writing => match piece {
                Some((channel, bytes)) if is_heard => is_heard = said(socket, channel, &bytes).await.is_ok(),
                Some(_) => {}
                None => is_writing = false,
            },
            ended = process.child.wait(), if !is_writing => {
                process.has_ended();
                return Some(status(ended.map_or(-1, code)));
            }
        }
    }
}

/// Takes in what a client has sent.
fn hear(process: &mut Process, bytes: &[u8]) {
    match bytes {
        [0, piece @ ..] => {
            if let Some(input) = &process.input {
                // A command that reads no more is none of the client's business.
                let _ = input.send(piece.to_vec());
            }
        }
        [255, 0, ..] => process.input = None,
        _ => {}
    }
}

async fn said(socket: &mut Socket, channel: u8, bytes: &[u8]) -> Result<(), Error> {
    socket.send(message(channel, bytes)).await
}

fn message(channel: u8, bytes: &[u8]) -> Message {
    Message::binary([&[channel][..], bytes].concat())
}

/// Ends when the pod has gone, or its container has.
async fn gone(shared: &Shared, pod: &str) {
    while shared.look(|cluster| cluster.runs.get(pod).is_some_and(|run| run.answering.is_some())) {
        tokio::time::sleep(LOOK).await;
    }
}

fn code(ended: ExitStatus) -> i32 {
    ended.code().unwrap_or_else(|| 128 + ended.signal().unwrap_or_default())
}

fn status(code: i32) -> Value {
    match code {
        0 => json!({"metadata": {}, "status": "Success"}),
        code => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
    }
}

fn not_started(exec: &Exec, error: &io::Error) -> Value {
    let program = exec.argv.first().map(String::as_str).unwrap_or_default();
    let why = match error.kind() {
        io::ErrorKind::NotFound => format!("exec: {program:?}: executable file not found in $PATH"),
        _ => error.to_string(),
    };
    let message = format!(
        "Internal error occurred: error executing command in container: failed to exec in container: OCI runtime exec \
         failed: {why}: unknown"
    );
    json!({"metadata": {}, "status": "Failure", "reason": "InternalError", "message": message, "code": 500,
        "details": {"causes": [{"message": message}]}})
}
