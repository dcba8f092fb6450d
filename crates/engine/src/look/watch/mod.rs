//! Watching: platform events, facts, probes and signals in one loop, until the judge is certain or the soak is over.

mod asked;
mod starting;
mod watchers;
mod watching;

pub use watching::{Pace, Watched, Watching, watch};
