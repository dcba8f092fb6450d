//! `backout check`: the doctor.

mod clusters;
mod command;
mod databases;
mod deep;
mod docker;
mod finding;
mod machine;
mod notifiers;
mod programs;
mod services;
mod signals;
mod unsupported;

pub(crate) use command::{check, way_back};
