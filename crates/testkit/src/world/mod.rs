//! An in-memory world behind every port, with faults that a test plants: services that crash, switches that fail half-way,
//! files that cannot be read, a process that dies between any two of its acts.
//!
//! Contract: what is done to this world is done by small real things, never by expectations about calls. Time passes only
//! while everybody waits ([`VirtualClock`]), so that minutes of soak take milliseconds. What a test asks afterwards is how
//! the world *is*, and which acts were done to it.

mod blobs;
mod database;
mod deployer;
mod files;
mod fuse;
mod platform;
mod prober;
mod querier;
mod repository;
mod store;
mod switchboard;
mod virtual_clock;
mod watcher;

pub use blobs::MemoryBlobs;
pub use database::{DataFaults, MemoryCache, MemoryDatabase, Shift};
pub use deployer::{Move, ScriptedDeployer};
pub use files::MemoryFiles;
pub use fuse::Fuse;
pub use platform::{Act, Behaviour, Did, Faults, MemoryPlatform, SwitchFault, Uses};
pub use prober::{Answer, ScriptedProber};
pub use querier::MemoryQuerier;
pub use repository::MemoryRepository;
pub use store::MemoryStore;
pub use switchboard::MemorySwitchboard;
pub use virtual_clock::VirtualClock;
pub use watcher::{NoProgress, RecordingWatcher};
