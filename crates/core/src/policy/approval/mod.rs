//! People's agreement: how many must agree before a plan runs, and who has.
//!
//! Contract: an agreement is bound to what was agreed to, by the digest of the plan ([`crate::plan::Agreed`]): where the plan is
//! another by then, nobody has agreed to it. One person is one agreement, however often and however the name is written, and
//! whoever started the run is one person under each of their names.

mod needed;
mod people;
mod said;

pub use needed::{Needed, WAITED_FOR, ask_people};
pub use people::{is_enough, people};
pub use said::{Approval, ApprovalsOutcome, Asked, agreed, approvals_outcome};
