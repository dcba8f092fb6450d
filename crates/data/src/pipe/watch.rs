//! Long work with somebody looking on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backout_core::port::{PortError, Progress};

use super::Tally;

/// Time between two reports.
const PAUSE: Duration = Duration::from_millis(250);

/// How far work is, and who is told. Whoever reads for it stops when this is dropped.
pub(crate) struct Moved<'a> {
    progress: &'a dyn Progress,
    what: &'static str,
    of: Option<u64>,
    /// What is done.
    pub(crate) done: Arc<Tally>,
}

impl<'a> Moved<'a> {
    /// Work of that name begins: `of` bytes, where that is known.
    pub(crate) fn begin(progress: &'a dyn Progress, what: &'static str, of: Option<u64>) -> Self {
        Self { progress, what, of, done: Arc::default() }
    }

    fn report(&self) {
        self.progress.moved(self.what, self.done.bytes(), self.of);
    }
}

impl Drop for Moved<'_> {
    fn drop(&mut self) {
        self.done.give_up();
    }
}

/// Does `work` and reports how far it is, the end included.
pub(crate) async fn watched<T>(moved: &Moved<'_>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        match tokio::time::timeout(PAUSE, &mut work).await {
            Ok(done) => {
                moved.report();
                return done;
            }
            Err(_) => moved.report(),
        }
    }
}

/// Does blocking work on a thread of its own. Where the future is dropped it runs on, to the end of what it reads.
///
/// # Errors
/// What the work says.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortError> + Send + 'static,
) -> Result<T, PortError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(PortError::new(format!("a thread of ours ended early: {error}"))))
}
