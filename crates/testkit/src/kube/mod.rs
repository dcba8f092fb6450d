//! Real `kubectl` and `helm`, of two generations, for tests against any Kubernetes API server.

mod clients;
mod generation;

pub use clients::{KubeClients, Ran};
pub use generation::Generation;
