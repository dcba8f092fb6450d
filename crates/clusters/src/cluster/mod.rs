//! One cluster: how it is reached, and what is known of its objects.

mod access;
mod kinds;
mod live;
mod words;

pub use access::{Cluster, ClusterOptions};
pub(crate) use kinds::Kind;
pub(crate) use live::Live;
pub(crate) use words::failed;
