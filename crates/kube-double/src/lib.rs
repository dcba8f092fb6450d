//! A double of a Kubernetes API server, for tests on machines without a cluster.
//!
//! It is a small real server on a loopback port that unmodified `kubectl` and `helm` take for a cluster, with controllers
//! that go the same steps as Kubernetes' own, quickly, and with faults and behaviours that a test scripts. It is no part of
//! what is shipped. Pods run nothing, unless a test says which program of this machine is in an image ([`Double::run`]); a
//! Service then is a port of loopback ([`Double::publish`]).
//!
//! ```
//! use backout_kube_double::{Behaviour, Double, Fault, FaultKind};
//!
//! let double = Double::start()?;
//! // What runs is decided by the image's tag (`app:2-crash`), by its name, or by what the container reads.
//! double.image("shop/web:2", Behaviour::NeverReady);
//! double.configuration("web", "MODE", "broken", Behaviour::Crash);
//! // What goes wrong on the way: verb, a regular expression for the path, how often, what.
//! double.fault(Fault::new("patch", "/deployments/", 2, FaultKind::Answer { code: 409, retry_after: None }));
//! // `kubectl --kubeconfig …` and `helm --kubeconfig …` work from here on; so does any client with the address.
//! assert!(double.kubeconfig().is_file());
//! assert!(double.url().starts_with("http://127.0.0.1:"));
//! assert!(double.requests().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

mod api;
mod cluster;
mod controllers;
mod door;
mod double;
mod exec;
mod patch;
mod programs;
mod script;
mod wire;

pub use door::Identity;
pub use double::Double;
pub use script::{Behaviour, ConfigRule, Denial, Fault, FaultKind, Instruction, Program, Timings};
pub use wire::Request;
