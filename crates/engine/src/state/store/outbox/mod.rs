//! The outbox: what is still to be told to whom, beside the records that it comes from.
//!
//! Contract: notices are computed from records and put into the outbox in the transaction that moves the mark of what has been
//! looked at, so each is there once for each who is told, however many processes look. Whoever sends one claims it first, for a
//! time; a claim of a process that is gone expires. What was claimed by somebody else since is not settled.
//!
//! | state | what |
//! |---|---|
//! | `waiting`, not claimed or the claim has expired | is sent when it is due and nothing earlier of its thread waits |
//! | `waiting`, claimed | is being sent |
//! | `sent` | the service took it |
//! | `given_up` | it was tried for a day, or will never be taken |

mod claimed;
mod gathered;
mod listed;
mod methods;
mod tables;

pub(super) use claimed::settle;
pub use claimed::{Claim, Claimed, Settled};
pub use gathered::Audience;
pub use listed::OutboxRow;
pub(super) use tables::TABLES;
