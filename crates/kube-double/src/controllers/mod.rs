//! What a control plane and a node do: small, and in the same steps as Kubernetes' own, because clients watch the steps.
//!
//! Contract: a controller looks at one object, changes what is next, and says when to look again. It is called again
//! after every change of the object or of what the object controls.

mod argo;
mod daemon_set;
mod deployment;
mod endpoints;
mod garbage;
mod job;
mod namespace;
mod ownership;
mod pod;
mod reconcile;
mod replica_set;
mod revisions;
mod rollout;
mod stateful_set;

pub(crate) use garbage::{delete, remove_with_dependents};
pub(crate) use ownership::{is_pod_ready, pods_of_workload, refusal};
pub(crate) use pod::files;
pub(crate) use reconcile::reconcile;
