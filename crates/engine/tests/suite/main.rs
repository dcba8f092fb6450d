//! The engine against an in-memory world: every run is driven to its end in virtual time.

mod guard;
mod rollback;
mod scenario;
