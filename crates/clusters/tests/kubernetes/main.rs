//! Workloads against an API server: the double, or the cluster that `BACKOUT_TEST_KUBECONFIG` names.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests, helpers included")]

mod access;
mod canaries;
mod configuration;
mod faults;
mod looking;
mod pods;
mod programs;
mod redirect;
mod rights;
mod rollouts;
mod unusual;
mod world;
