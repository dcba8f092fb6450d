//! The images that tests run: the demo application alone, a small machine with systemd, and a stack with a database.

mod application;
mod files;
mod hold;
mod import;
mod stack;
mod systemd;

pub(super) use application::start as application;
pub(super) use stack::start as stack;
pub(super) use systemd::start as systemd;
