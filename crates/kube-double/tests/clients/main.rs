//! The double as real `kubectl` and `helm` of both generations see it.
#![expect(clippy::unwrap_used, reason = "a test whose surroundings fail cannot go on")]

mod argo;
mod conformance;
mod faults;
mod ground;
mod helm;
mod kubectl;
mod manifest;
mod program;
mod rollouts;
mod running;
mod services;
mod workloads;
