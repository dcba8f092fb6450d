//! Databases from outside: the real program, a real PostgreSQL of its own, and a service behind the user's own commands.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod going_back;
mod guarding;
mod restore_points;
mod shop;
