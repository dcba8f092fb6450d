//! The programs of PostgreSQL, and servers of our own: made for one purpose, and gone afterwards.

mod own;
mod tools;

pub use own::{OwnServer, ServerOptions};
pub use tools::Tools;
