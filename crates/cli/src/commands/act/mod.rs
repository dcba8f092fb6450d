//! Commands that change something.

mod agree;
pub(crate) mod checkpoint;
mod confirm;
mod finish;
mod guard;
mod left;
mod plan_file;
mod rearm;
mod request;
mod restart;
mod resume;
mod rollback;
mod secrets;

pub(crate) use finish::times_text;
pub(crate) use guard::guard;
pub(crate) use left::{Left, left};
pub(crate) use plan_file::write_plan;
pub(crate) use rearm::rearm;
pub(crate) use request::{checkpoint_id, request};
pub(crate) use restart::restart;
pub(super) use resume::open_run;
pub(crate) use resume::{abort, resume};
pub(crate) use rollback::rollback;
pub(crate) use secrets::planted;
