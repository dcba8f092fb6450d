//! What leads users to one of several other services, by what maintenance mode leads them away with: a link that a proxy reads,
//! or a Service of a cluster.

mod platform;

pub use platform::{Lead, TrafficOptions, TrafficPlatform};
