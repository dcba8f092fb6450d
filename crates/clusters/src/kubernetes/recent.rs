//! An answer that is asked for again only once it is a second old.
//!
//! Contract: two hundred workloads that are looked into at once cost one request and not two hundred.

use std::sync::Arc;

use backout_core::port::PortError;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

/// For how long one answer holds.
const HOLDS: SignedDuration = SignedDuration::from_secs(1);

/// What was told last.
pub(super) struct Recent<T> {
    told: Mutex<Option<(Timestamp, Arc<T>)>>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { told: Mutex::default() }
    }
}

impl<T> Recent<T> {
    /// The answer. Those who ask at the same time wait for one; one that failed is not kept.
    ///
    /// # Errors
    /// That of the asking.
    pub(super) async fn or_ask(
        &self,
        now: impl FnOnce() -> Timestamp,
        ask: impl Future<Output = Result<T, PortError>>,
    ) -> Result<Arc<T>, PortError> {
        let mut told = self.told.lock().await;
        let now = now();
        if let Some((at, answer)) = told.as_ref()
            && (*at..*at + HOLDS).contains(&now)
        {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(ask.await?);
        *told = Some((now, Arc::clone(&answer)));
        Ok(answer)
    }
}
