//! `backout init`: what is found in a folder, and the configuration drafted from it.

mod cluster;
mod command;
mod compose;
mod draft;
mod findings;
mod host;
mod migrations;
mod names;

pub(crate) use command::init;
