//! The command line from outside: the real program in one hermetic environment, its words compared with snapshots.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod agreed;
mod checkpoints;
mod decided;
mod demo;
mod documents;
mod errors;
mod help;
mod judged;
mod killed;
mod maintained;
mod meanwhile;
mod notices;
mod piped;
mod place;
mod proven;
mod recorded;
mod running;
mod setting_up;
mod told;
mod watched;
mod written;
