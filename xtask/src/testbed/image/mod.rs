//! The images that tests run: the demo application alone, a small machine with systemd, a stack with a database, and a
//! whole site.

mod application;
mod files;
mod hold;
mod import;
mod site;
mod stack;
mod systemd;

pub(super) use application::start as application;
pub(super) use site::start as site;
pub(super) use stack::start as stack;
pub(super) use systemd::start as systemd;
