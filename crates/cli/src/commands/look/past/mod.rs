//! What happened: runs, their records and their evidence.

mod evidence;
mod history;
mod runs;
mod show;

pub(crate) use history::history;
pub(crate) use runs::what;
pub(crate) use show::show;
