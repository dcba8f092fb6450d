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
/// What is asked: one row must be changed, the large table must have rows, and a new order must get a new number.
const QUESTION: &str = "UPDATE probe SET n = n + 1 WHERE id = 1; SELECT 1 FROM pgbench_accounts LIMIT 1; \
    INSERT INTO orders (note) VALUES ('probe') RETURNING id";

/// What a client saw.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Longest time between two answers that found their rows, or after the last one.
    pub(super) gap: Duration,
    /// Probes that got an error.
    pub(super) failed: usize,
    /// Probes that got an answer that was wrong: no row to change, an empty table, or the number of another order.
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
    let (mut last, mut order) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, ask(url)).await;
        seen.probes += 1;
        match answer {
            Ok(Ok(Some(id))) => {
                seen.gap = seen.gap.max(last.elapsed());
                seen.wrong += usize::from(id <= order);
                (last, order) = (Instant::now(), order.max(id));
            }
            Ok(Ok(None)) => seen.wrong += 1,
            Ok(Err(_)) | Err(_) => seen.failed += 1,
        }
        tokio::time::sleep(EVERY.saturating_sub(begun.elapsed())).await;
    }
    seen.gap = seen.gap.max(last.elapsed());
    seen
}

/// The new order's number, where the rest of the answer is right.
async fn ask(url: &str) -> Result<Option<i64>, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let driver = tokio::spawn(connection);
    let answer = client.simple_query(QUESTION).await;
    driver.abort();
    let messages = answer?;
    let completed = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    let order = messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(order.filter(|_| completed.eq([1, 1, 1])).and_then(|order| order.parse().ok()))
}
