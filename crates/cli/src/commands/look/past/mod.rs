//! What happened: runs, their records and their evidence.

mod evidence;
mod history;
mod pending;
mod report;
mod runs;
mod show;
mod waiting;

pub(crate) use history::history;
pub(crate) use pending::{Pending, pending};
pub(super) use report::TOLD;
pub(crate) use report::report;
pub(crate) use runs::what;
pub(crate) use show::show;
pub(crate) use waiting::{Waiting, waiting};
