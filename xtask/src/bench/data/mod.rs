//! `cargo xtask bench data`: going back with the data, against what people do today, on one server in one run.

mod cluster;
mod command;
mod loss;
mod moment;
mod opponents;
mod ours;
mod prober;

pub(crate) use command::command;
