//! Between the network and the cluster.

mod body;
mod exchange;
mod manifest;
mod request_log;
mod server;
mod shared;
mod side;
mod stream;

pub(crate) use body::Reply;
pub(crate) use manifest::apply;
pub use request_log::Request;
pub(crate) use server::{listen, serve, serve_side};
pub(crate) use shared::{Shared, tick};
