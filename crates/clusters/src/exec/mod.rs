//! Programs in the pods of services: migrations are undone there, and checks run there.
//!
//! Who does what: `workload` and `place` choose the pod; `script` wraps the program, so that it ends when nobody waits for it
//! any more; `attached` runs one command over a WebSocket, and `over` notices that its pod went; `programs` keeps the ports.
//!
//! Contract: a command is sent once. What is not known to have ended is told as such, and is not sent again: whoever asked
//! looks at what it did. No secret is part of a command: the API server writes commands into its log.

mod attached;
mod over;
mod place;
mod programs;
mod script;
mod workload;

pub use programs::Programs;
pub use workload::{HasPods, Pods};
