//! The connection to a Docker Engine, or to something that speaks its language.

mod connection;
mod context;
mod endpoint;
mod failure;
mod tunnel;

pub(super) use connection::Engine;
pub(super) use failure::{failed, is_conflict, is_missing, words};
