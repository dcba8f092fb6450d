//! Pods in which something runs.

mod exec;
mod programs;
