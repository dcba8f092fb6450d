//! What `/metrics` says of the environment: the same as `backout metrics`, and what became of this watch's probes.

use std::sync::Arc;
use std::time::Duration;

use backout_adapters::listen::Metrics;
use backout_core::id::EnvironmentName;
use backout_core::port::Clock;
use backout_engine::World;
use backout_engine::store::SqliteStore;
use tokio::sync::Mutex;

use super::teller::Teller;
use crate::commands::look::metrics_text;

/// How long a text is good enough: the whole journal is read for one, and everybody may ask.
const KEEPS: Duration = Duration::from_secs(5);

/// The last text, and when it was made by the time that never jumps.
type Last = Option<(Duration, String)>;

/// Makes the text when it is asked for.
pub(super) struct Scraped {
    store: Arc<SqliteStore>,
    environment: EnvironmentName,
    clock: Arc<dyn Clock>,
    teller: Arc<Teller>,
    last: Mutex<Last>,
}

impl Scraped {
    pub(super) fn new(store: Arc<SqliteStore>, world: &World, teller: &Arc<Teller>) -> Self {
        let (environment, clock) = (world.environment.name.clone(), Arc::clone(&world.clock));
        let teller = Arc::clone(teller);
        Self { store, environment, clock, teller, last: Mutex::default() }
    }

    /// The text; nothing where the journal cannot be read just now.
    pub(super) fn text(self: Arc<Self>) -> Metrics {
        Box::pin(async move {
            // Whoever asks meanwhile waits for the same text.
            let mut last = self.last.lock().await;
            let now = self.clock.uptime();
            if let Some((_, text)) = last.as_ref().filter(|(at, _)| now.saturating_sub(*at) < KEEPS) {
                return Some(text.clone());
            }
            let text = metrics_text(&self.store, &self.environment).await.ok()? + &self.teller.probed();
            *last = Some((now, text.clone()));
            Some(text)
        })
    }
}
