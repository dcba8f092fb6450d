//! The whole story on real Docker Compose, real PostgreSQL and a real Django project: a deploy that migrates badly and
//! corrupts rows goes back with code, configuration and data.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]
#![expect(clippy::disallowed_methods, reason = "programs are started as a person starts them, not as backout would")]

mod person;
mod reverse;
mod shop;
mod story;
mod told;
