//! One cluster: how it is reached, and what is known of its objects.

mod access;
mod client;
mod credentials;
mod kinds;
mod kubeconfig;
mod live;
mod patience;
mod plugin;
mod proxy;
mod reached;
mod server;
mod words;

pub(crate) use kinds::Kind;
pub(crate) use live::Live;
pub(crate) use patience::{Patience, is_crossed, is_momentary, patiently};
pub use reached::{Cluster, ClusterOptions};
pub(crate) use words::{failed, is_without_namespace, unseen};
