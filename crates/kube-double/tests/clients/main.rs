//! The double as real `kubectl` and `helm` of both generations see it.

mod faults;
mod ground;
mod helm;
mod kubectl;
mod manifest;
mod program;
mod workloads;
