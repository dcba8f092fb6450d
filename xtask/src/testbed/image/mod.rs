//! The images that tests run: the demo application alone, and a small machine with systemd.

mod application;
mod files;
mod hold;
mod systemd;

pub(super) use application::start as application;
pub(super) use systemd::start as systemd;
