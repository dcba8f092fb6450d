//! Clusters from outside: the real program, real `kubectl` and `helm` of two generations, and a double of an API server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test helper that cannot go on fails its test")]

mod access;
mod argocd;
mod before;
mod beside;
mod disturbed;
mod faults;
mod gone;
mod killed;
mod manifests;
mod on_purpose;
mod releases;
mod several;
mod site;
mod stuck;
mod teams;
mod workloads;
