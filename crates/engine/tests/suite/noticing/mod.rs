//! Deploys that nobody told of, and what goes bad without any.

mod killed;
mod seen;
mod trouble;
mod watching;
