//! Decisions from the command line, and what a guard does by them.

mod approved;
mod explained;
mod guarded;
mod webhook;
