//! Deploys that nobody told of.

mod killed;
mod seen;
mod watching;
