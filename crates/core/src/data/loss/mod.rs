//! What was written since a restore point: how it is estimated, how a lost row is told, and how it is put back.

mod estimate;
mod figures;
mod lost;
mod merge;
mod moment;
mod placed;
mod undone;

pub use estimate::{TableNow, estimate_table};
pub use figures::{LossEstimate, LossReport, Method, TableEstimate, TableLoss};
pub use lost::{Census, LostRow, Operation, TableHistory, Values, tell};
pub use merge::{Verdict, groups, merge};
pub use moment::{Moment, Window};
pub use placed::{compare_table, estimate_placed};
pub use undone::estimate_undone;
