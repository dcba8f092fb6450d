//! A client that connects, writes and reads every 20 ms, and says how long it had no answer and which answers were wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::failure::Failure;

/// Time between the beginnings of two probes.
const EVERY: Duration = Duration::from_millis(20);
/// A client gives up on an answer after so long, as applications do.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is asked: one row must be changed, and the large table must have rows.
const QUESTION: &str = "UPDATE probe SET n = n + 1 WHERE id = 1; SELECT 1 FROM pgbench_accounts LIMIT 1";

/// What a client saw.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Longest time between the ends of two right answers.
    pub(super) gap: Duration,
    /// Probes that got an error.
    pub(super) failed: usize,
    /// Probes that got an answer that was wrong: no row to change, or an empty table.
    pub(super) wrong: usize,
    /// All probes.
    pub(super) probes: usize,
}

/// A client that probes until it is asked to stop.
pub(super) struct Prober {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Prober {
    /// Starts probing the database behind `url`.
    pub(super) fn start(url: String) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Check(error.to_string()))?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || runtime.block_on(probe_until(&url, &asked)));
        Ok(Self { stop, thread })
    }

    /// Stops it.
    pub(super) fn stop(self) -> Result<Seen, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| Failure::Check("the prober panicked".to_owned()))
    }
}

async fn probe_until(url: &str, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut last = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, ask(url)).await;
        seen.probes += 1;
        match answer {
            Ok(Ok(true)) => {
                seen.gap = seen.gap.max(last.elapsed());
                last = Instant::now();
            }
            Ok(Ok(false)) => seen.wrong += 1,
            Ok(Err(_)) | Err(_) => seen.failed += 1,
        }
        tokio::time::sleep(EVERY.saturating_sub(begun.elapsed())).await;
    }
    seen
}

/// Whether the answer is right.
async fn ask(url: &str) -> Result<bool, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let driver = tokio::spawn(connection);
    let answer = client.simple_query(QUESTION).await;
    driver.abort();
    let messages = answer?;
    let completed = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    Ok(completed.eq([1, 1]))
}
