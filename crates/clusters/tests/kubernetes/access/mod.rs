//! How a cluster is reached.

mod door;
mod proxy;
