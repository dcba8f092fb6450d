//! Argo CD, through its Application resources.
//!
//! Contract: `spec` of an Application is changed in one thing only, auto-sync, and what it was is kept on the Application
//! itself; its workloads are scaled only while a database goes back, and say themselves how many pods they had. An operation has ended when the controller has looked again since ([`Operation::is_settled`]): health and sync
//! are stale before.

mod alone;
mod application;
mod evidence;
mod git;
mod held;
mod identity;
mod operate;
mod pause;
mod platform;
mod request;
mod revert;
mod seen;
mod switch;

pub(crate) use application::{Application, HistoryEntry, Operation};
pub use platform::ArgocdPlatform;
