//! The node's part: starts what a pod says, and writes what became of it into the pod's status.

mod configuration;
mod container;
mod kubelet;
mod launch;
mod status;

pub(crate) use kubelet::reconcile;
pub(crate) use launch::files;
