//! Services on a plain host: release folders or a git work tree, run by systemd, by the user's own commands, or by our own
//! small supervisor.
//!
//! `source` knows versions, `manage` knows processes, `service` puts the two together, `platform` is the port.

mod argv;
mod inside;
mod manage;
mod overlaid;
mod parse;
mod platform;
mod repository;
mod service;
mod source;
mod supervisor;

pub use platform::{HostOptions, HostPlatform};
pub use repository::{Ancestry, GitRepository};
pub use supervisor::supervise;
