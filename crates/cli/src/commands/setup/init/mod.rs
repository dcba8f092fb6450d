//! `backout init`: what is found in a folder, and the configuration drafted from it.

mod cluster;
mod command;
mod compose;
mod draft;
mod findings;
mod host;
mod like;
mod migrations;
mod names;
mod probes;

pub(crate) use command::init;
