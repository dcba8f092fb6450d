//! Several workloads of one namespace together: those of a Helm release, or of an Application.
//!
//! Contract: looking costs no request once a kind of object is known. Whoever is stopped here bears a mark of how many pods it
//! had, on itself: going on after a kill needs nothing else.

mod breaking;
mod evidence;
mod mark;
mod objects;
mod output;
mod restart;
mod stop;
mod wake;

pub(crate) use breaking::break_template;
pub(crate) use mark::{STOPPED, had, is_marked, is_touched, left_stopped, mark_of, stopped_by_us};
pub(crate) use objects::{Objects, Workloads, kinds};
pub(crate) use output::{logs, missing, output};
pub(crate) use restart::{RESTARTED, restart, restarted};
pub(crate) use stop::cannot_stop;
