//! Deployments: one ReplicaSet a template, exchanged for one another step by step.

mod controller;
mod history;
mod rolling;
mod status;

pub(crate) use controller::{reconcile, scale};
pub(crate) use history::hash;
