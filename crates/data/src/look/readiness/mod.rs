//! What going back with a database will meet. Nothing is changed by looking, and no right is needed: what the role may not
//! see is left out.

mod content;
mod disk;
mod facts;
mod pooler;
mod server;
mod traffic;

pub(crate) use facts::readiness;
