//! A database in memory: a double of the port, with rows, a schema that its migrations make, copies, and faults.

mod content;
mod memory;
mod port;
mod step;

pub use content::Shift;
pub use memory::{DataFaults, MemoryCache, MemoryDatabase};
