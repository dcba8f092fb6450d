//! What an account must be allowed on a cluster: said as needs, asked of the cluster, and printed as a role.

mod ask;
mod manifest;
mod need;

pub use ask::{Permission, missing_namespace, permissions};
pub use manifest::{Account, manifest};
pub use need::Ward;
