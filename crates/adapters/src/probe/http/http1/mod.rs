//! HTTP/1.1 over a connection that is there already: one request, one answer (RFC 9110, RFC 9112).
//!
//! Heads are read by `httparse`; what stands here is the rest. It holds nothing for an answer that has not begun, and no more
//! of one than its head, a piece, and as much of its body as is asked for: a prober that waits for thousands of servers at
//! once must not take memory for each of them. (hyper takes 25 KiB for every request that is under way.)

mod body;
mod broken;
mod chunks;
mod exchange;
mod head;
mod incoming;
mod written;

pub(in crate::probe) use exchange::exchange;
