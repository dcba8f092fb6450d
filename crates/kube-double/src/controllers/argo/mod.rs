//! Argo CD's application controller, as its source at v3.5.1 behaves towards one who reads and writes Applications.

mod comparison;
mod controller;
mod operation;

pub(crate) use controller::reconcile;
