//! HTTP probes: one request, over a connection of its own or, where the configuration says so, over the one of the time
//! before.
//!
//! Spoken over our own connection rather than with reqwest: each phase (name, connection, handshake, answer) then has an
//! error type of its own instead of one that must be guessed from a chain, and a probe costs less than half the CPU time. A
//! hundred targets probed each second must stay under 1 % of a core, and ten thousand of them within 60 MiB, also while none
//! of them answers: that is why HTTP/1.1 is our own as well (see `http1`). HTTP/2 is h2's.

mod ask;
mod http1;
mod http2;
mod line;
mod lines;
mod received;
mod request;

pub(super) use ask::{Asker, probe, version};
pub(super) use http1::exchange;
pub(super) use line::Stream;
pub(super) use lines::Lines;
pub(super) use received::{BODY_LIMIT, Received};
pub(super) use request::{AGENT, add, authority, target};
