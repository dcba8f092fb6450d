//! Clusters: Kubernetes workloads, Helm releases and Applications of Argo CD as platforms.
//!
//! Contract: these types implement `backout_core::port::Platform`. Looking costs no request once a kind of object is known:
//! one list and one watch keep it up to date (`cluster`). What a look means is decided in pure functions over the objects.

mod applier;
mod argocd;
mod cluster;
mod exec;
mod found;
mod helm;
mod kubernetes;
mod led;
mod object;
mod patched;
mod pods;
mod redirect;
mod refusals;
mod rights;
mod workloads;

pub use argocd::ArgocdPlatform;
pub use cluster::{Cluster, ClusterOptions};
pub use exec::{HasPods, Pods, Programs};
pub use found::{Found, FoundWorkload, found};
pub use helm::HelmPlatform;
pub use kubernetes::KubernetesPlatform;
pub use redirect::RedirectBarrier;
pub use rights::{Account, Permission, Ward, manifest, missing_namespace, permissions};
