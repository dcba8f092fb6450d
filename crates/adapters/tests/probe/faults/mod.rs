//! Servers that do what servers should not: each probe ends in time, takes a bounded amount of memory, and says clearly what it
//! was. Real sockets on both sides.

mod events;
mod http1;
mod http2;
mod memory;
mod metrics;
mod reuse;
mod tls;
