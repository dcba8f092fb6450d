//! A watch on the wire.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::api::{Next, Watch, expired};
use crate::script::{FaultKind, milliseconds};
use crate::wire::{Reply, Shared};

/// How long a watch lasts for which the client says nothing.
const LASTS: Duration = Duration::from_secs(1_800);

/// The body of a watch's answer, written as changes come until its time is over or a fault ends it.
pub(crate) fn stream(shared: &Arc<Shared>, watch: Watch, fault: Option<FaultKind>) -> Reply {
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(write(Arc::clone(shared), watch, fault, sender));
    Reply::Stream(receiver)
}

async fn write(
    shared: Arc<Shared>,
    mut watch: Watch,
    fault: Option<FaultKind>,
    sender: mpsc::Sender<io::Result<Bytes>>,
) {
    let mut revisions = shared.revisions();
    let end = after(watch.seconds.map_or(LASTS, Duration::from_secs));
    let pause = milliseconds(shared.look(|cluster| cluster.script.timings.bookmark));
    let (mut bookmark, mut sent) = (after(pause), 0);
    loop {
        revisions.borrow_and_update();
        let lines = match shared.look(|cluster| watch.next(cluster)) {
            Next::Events(events) => events,
            Next::Nothing => Vec::new(),
            Next::End => return,
        };
        for line in lines {
            if ended(fault.as_ref(), sent, &sender).await || sender.send(Ok(text(&line))).await.is_err() {
                return;
            }
            sent += 1;
        }
        if ended(fault.as_ref(), sent, &sender).await {
            return;
        }
        tokio::select! {
            moved = revisions.changed() => if moved.is_err() { return },
            () = sleep_until(end) => return,
            () = sender.closed() => return,
            () = sleep_until(bookmark), if watch.has_bookmarks => {
                bookmark = after(pause);
                if sender.send(Ok(text(&watch.bookmark()))).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Ends the watch if a fault says that it ends after so many events.
async fn ended(fault: Option<&FaultKind>, sent: usize, sender: &mpsc::Sender<io::Result<Bytes>>) -> bool {
    let last = match fault {
        Some(FaultKind::EndWatch { events }) if sent >= *events => Err(io::ErrorKind::ConnectionReset.into()),
        Some(FaultKind::ExpireWatch { events }) if sent >= *events => Ok(text(&expired())),
        _ => return false,
    };
    // The client may be gone already.
    let _ = sender.send(last).await;
    true
}

fn text(line: &Value) -> Bytes {
    Bytes::from(format!("{line}\n"))
}

fn after(duration: Duration) -> Instant {
    // Tokio's clock, which its timers go by.
    Instant::now() + duration
}
