//! The workloads of an Application: looked at, started anew, and held still while a database goes back.

mod quiet;
mod restart;
mod workloads;

pub(super) use quiet::{is_quiet, may_quiet, quiet, still, wake};
pub(super) use restart::restart;
pub(super) use workloads::{is_in_cluster, workloads};
