//! Helm releases with real `helm` of both generations, against the double of an API server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod back;
mod chart;
mod ground;
mod looks;
mod quiet;
mod stuck;
