//! How it was before the deploy: what a detector compares with.

mod blips;
mod boundary;
mod dispersion;
mod history;
mod latency;

pub use blips::Blips;
pub use history::History;
pub use latency::{Edges, Latencies};

pub(crate) use boundary::Boundary;
pub(crate) use dispersion::Noise;
pub(crate) use latency::Cut;
