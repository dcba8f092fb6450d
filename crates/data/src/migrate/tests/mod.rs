//! Migrations of real tools on a real server.

#![expect(clippy::disallowed_methods, reason = "a test has no other clock, environment or way to write a file")]

mod ground;

mod alembic;
mod django;
mod late;
mod ledgers;
mod scripts;
mod sources;
