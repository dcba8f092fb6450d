//! What goes with the code: the configuration and the data of a service, and what its pods write.

mod alone;
mod checks;
mod data;
pub(crate) mod database;
mod inside;
mod led;
mod logged;
mod reached;
