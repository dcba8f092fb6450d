//! A database that goes back, from outside: the real program, a real server, and a service behind commands of its own.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

mod back;
mod deploys;
mod hand;
mod killed;
mod moments;
mod played;
mod points;
mod shop;
mod told;
