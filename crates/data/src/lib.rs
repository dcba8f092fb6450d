//! PostgreSQL databases: restore points, their verification, and every way back of the data.
//!
//! Contract: [`Postgres`] keeps the port [`backout_core::port::Database`]; the folders beside it each do one part, in the
//! order in which a database goes through them. What is decided from what they see is decided in `core`.

mod backup;
mod beside;
mod look;
mod loss;
mod marks;
mod migrate;
mod pipe;
mod postgres;
mod recovery;
mod restore;
mod seal;
pub mod server;
mod store;
mod stored;
mod swap;
mod target;
mod verify;
mod words;

pub use beside::Dumped;
pub use loss::{Conflict, ReimportOptions, ReimportReport, TableReimport};
pub use postgres::Postgres;
pub use target::{Address, Session, Target};
