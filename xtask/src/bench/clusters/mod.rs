//! `cargo xtask bench clusters`: going back on a cluster, against what people do today, on a double of an API server.

mod command;
mod double;
mod many;
mod observer;
mod recovery;
mod requests;
mod shop;
mod site;

pub(crate) use command::command;
