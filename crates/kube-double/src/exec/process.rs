//! The process that a command is, with all that it starts.

use std::io;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};

use crate::api::Exec;

/// How much is read at once, in bytes.
const PIECE: usize = 16 * 1024;

/// A process group of its own, killed when this is dropped.
pub(super) struct Process {
    pub(super) child: Child,
    group: Option<Pid>,
    /// What it shall read; none once that has ended.
    pub(super) input: Option<UnboundedSender<Vec<u8>>>,
    /// What it writes, each piece with 1 for standard output and 2 for standard error; ends when both have ended.
    pub(super) output: Receiver<(u8, Vec<u8>)>,
}

impl Process {
    /// Starts the command.
    #[expect(clippy::disallowed_methods, reason = "the double does not depend on the adapters that it tests")]
    pub(super) fn start(exec: &Exec) -> io::Result<Self> {
        let (program, arguments) = exec.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let [has_input, has_output, has_errors] = exec.streams;
        let stream = |is_wanted: bool| if is_wanted { Stdio::piped() } else { Stdio::null() };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&exec.folder).envs(&exec.variables).process_group(0);
        command.stdin(stream(has_input)).stdout(stream(has_output)).stderr(stream(has_errors));
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let (pieces, output) = mpsc::channel(16);
        child.stdout.take().map(|stdout| tokio::spawn(copy(stdout, 1, pieces.clone())));
        child.stderr.take().map(|stderr| tokio::spawn(copy(stderr, 2, pieces)));
        let input = child.stdin.take().map(|stdin| {
            let (input, pieces) = mpsc::unbounded_channel();
            tokio::spawn(write(stdin, pieces));
            input
        });
        Ok(Self { child, group, input, output })
    }

    /// It has ended by itself: what it started and left behind lives on, as in a container.
    pub(super) fn has_ended(&mut self) {
        self.group = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, channel: u8, to: Sender<(u8, Vec<u8>)>) {
    let mut piece = vec![0; PIECE];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let Some(read) = piece.get(..count) else { return };
        if to.send((channel, read.to_vec())).await.is_err() {
            return;
        }
    }
}

async fn write(mut to: ChildStdin, mut pieces: UnboundedReceiver<Vec<u8>>) {
    while let Some(piece) = pieces.recv().await {
        if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}
