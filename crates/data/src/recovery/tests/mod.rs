//! Recoveries of a real server, from what it archived.
#![expect(
    clippy::disallowed_methods,
    reason = "tests prepare files, and have no `wire` that could pass the environment in"
)]

mod archive;
mod ground;
mod pgbackrest;
