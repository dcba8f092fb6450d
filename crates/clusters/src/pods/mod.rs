//! Pods as instances: whose they are, how they are, what they run, and what keeps them from running.
//!
//! Contract: pure functions over objects as the API server gave them. A pod belongs to a workload through the ReplicaSet
//! that made it or directly ([`Family`]); a pod that is on its way out, or that its controller no longer counts, is none of
//! its instances.

mod family;
mod health;
mod images;
mod instance;
mod patience;
mod refused;
mod template;
mod trouble;

pub(crate) use family::{Family, Member, is_observed, pods_of};
pub(crate) use images::{Image, code, images};
pub(crate) use instance::{instance, instances, restarts, state as pod_state};
pub(crate) use patience::{Patience, unready};
pub(crate) use refused::refused;
pub(crate) use template::{OWN_ANNOTATION, digest_of, revision_template, same};
pub(crate) use trouble::trouble;
