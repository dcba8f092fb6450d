//! Workloads of a Kubernetes cluster: Deployments, StatefulSets, DaemonSets, and Rollouts of Argo.
//!
//! Contract: a pod template and the configuration that goes with it are one unit. What runs is told by pods (their images by
//! digest) and by the revisions they were made from, never by what the workload asks for. Going back writes the
//! configuration first, then the whole workload at once with the version it was read at; then the rollout is watched.

mod artifact;
mod autoscalers;
mod back;
mod capture;
mod configuration;
mod describe;
mod events;
mod evidence;
mod observe;
mod platform;
mod recent;
mod stop;
mod version;
mod view;

pub use platform::KubernetesPlatform;
