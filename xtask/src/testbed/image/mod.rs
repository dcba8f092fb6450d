//! The images that tests run: the demo application alone, a small machine with systemd, a stack with a database, a
//! whole site, and a machine that is one.

mod application;
mod files;
mod hold;
mod import;
mod machine;
mod site;
mod stack;
mod systemd;

pub(super) use application::start as application;
pub(super) use machine::start as machine;
pub(super) use site::start as site;
pub(super) use stack::start as stack;
pub(super) use systemd::start as systemd;
