//! Commands that set up and explain.

mod check;
mod explain;
mod init;
mod reference;
mod schema;
mod shell;

pub(crate) use check::{check, way_back};
pub(crate) use explain::explain;
pub(crate) use init::init;
pub(crate) use reference::reference;
pub(crate) use schema::schema;
pub(crate) use shell::{completions, man};
