//! Probes against real servers: sockets of our own for what a real program would not do, PostgreSQL and Redis of the
//! test-bed, real commands.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod cache;
mod commands;
mod faults;
mod http;
mod https;
mod platform;
mod postgres;
mod promql;
mod redis;
mod server;
mod world;
