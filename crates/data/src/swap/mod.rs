//! The swap of two databases' names, and of nothing else.
//!
//! Contract: applications get the one database or the other, never a third and never both; nobody writes to either between
//! the last look at the one and the first query to the other. Until the names were exchanged, a failure leaves everything as it
//! was. How far a swap has come is read from the catalogs, so that a run that was killed at any point is carried on by the next.
//!
//! 1. Everything is looked at, and sessions of our own are opened in both databases.
//! 2. The pooler is paused, where there is one; it waits for open transactions, and the swap is given up where they stay open.
//! 3. The database is frozen: it takes no connections, and every session on it is ended. Sequences are carried on.
//! 4. One transaction opens the copy to applications and exchanges the names.
//! 5. The pooler lets queries through. Sessions on replicas that still read the damaged database are ended, and that one is
//!    locked: only to be read, and only by the administrating role.

mod aside;
mod exchange;
mod freeze;
mod names;
mod pooler;
mod preflight;
mod run;
mod sequences;
pub(crate) mod sessions;
mod slots;
mod step;

pub(crate) use freeze::{change, opened};
pub(crate) use pooler::unpaused;
pub(crate) use preflight::{opening, unhindered};
pub(crate) use step::{perform, reached, undo};
