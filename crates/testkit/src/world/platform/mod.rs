//! A platform whose services are values.

mod behaviour;
mod faults;
mod memory;
mod port;
mod service;
mod switching;

pub use behaviour::{Behaviour, Uses};
pub use faults::{Faults, SwitchFault};
pub use memory::{Act, Did, MemoryPlatform};
