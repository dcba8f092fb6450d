//! The ports of `core`, kept against real systems: one folder a system, each with the same cast (look, ask, act, parse).
//!
//! Contract: adapters carry out and report; they decide nothing. A request is a value before it becomes a process or an
//! HTTP call, and a failed look is an answer (`Unknown`), never a guess.

pub mod cache;
pub mod command;
pub mod compose;
pub mod exec;
pub mod fallback;
pub mod files;
pub mod git;
pub mod host;
pub mod listen;
pub mod maintenance;
pub mod notify;
pub mod probe;
pub mod secret;
pub mod traffic;
