//! Puts rows back: those of a loss report, and those that a copy has.

mod apply;
mod commit;
mod references;
mod reimport;
mod statements;
pub(super) mod undo_rows;
mod writer;

pub(crate) use reimport::reimport;
pub use reimport::{Conflict, ReimportOptions, ReimportReport, TableReimport};
