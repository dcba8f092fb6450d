//! HTTP probes: one request, over a connection of its own or, where the configuration says so, over the one of the time
//! before.
//!
//! Spoken with hyper and h2 over our own connection rather than with reqwest: each phase (name, connection, handshake,
//! answer) then has an error type of its own instead of one that must be guessed from a chain, and a probe costs less than
//! half the CPU time. A hundred targets probed each second must stay under 1 % of a core. A parser of our own was not worth
//! it: three quarters of what a probe costs are the kernel's.

mod ask;
mod http2;
mod line;
mod lines;
mod received;
mod request;

pub(super) use ask::{Asker, probe};
pub(super) use lines::Lines;
pub(super) use received::{BODY_LIMIT, Received, of_hyper, receive};
pub(super) use request::{AGENT, add, authority, target};
