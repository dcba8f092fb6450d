//! Statistics that evidence is made of, one for each kind of signal.

mod beside;
mod counted;
mod memory;
mod mixture;
mod restarts;
mod up_down;

pub(crate) use beside::{Beside, Split};
pub(crate) use counted::{Counted, FAILING, SLOW};
pub(crate) use memory::{Leak, Memory, NEAR};
pub(crate) use restarts::Restarts;
pub(crate) use up_down::UpDown;
