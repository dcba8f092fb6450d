//! The ways from the deciding half to the world: traits that `adapters` and `engine` implement and the engine calls.
//!
//! Contract: a method that looks never changes anything; a method that acts names the state to reach and may be called
//! again. Everything is cancellable by dropping its future.

mod barrier;
mod cache;
mod clock;
mod database;
mod deploy;
mod fallback;
mod inside;
mod notifier;
mod platform;
mod probe;
mod query;
mod store;

use std::future::Future;
use std::pin::Pin;

pub use barrier::Barrier;
pub use cache::Cache;
pub use clock::Clock;
pub use database::{BackupOrder, DataDone, Database, ForeignDump, Ports, Progress};
pub use deploy::{Deployer, Repository, Watcher};
pub use fallback::Switchboard;
pub use inside::{Errand, ErrandOutput, Inside, Overlay};
pub use notifier::{Delivered, NotDelivered, Notifier, Threads};
pub use platform::{
    Blobs, Breakage, Captured, Content, EVIDENCE_LINES, EventSink, Evidence, FileChange, Files, Kept, LogSink, LogSpan,
    Platform, PlatformEvent, PortError, Preflight, Rival, Stray,
};
pub use probe::{ProbeOutcome, Prober, Reading};
pub use query::{Over, Querier};
pub use store::{Holder, Lease, Store, StoreError};

/// A future that a port returns.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
