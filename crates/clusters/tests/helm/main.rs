//! Helm releases with real `helm` of both generations, against the double of an API server.

mod back;
mod chart;
mod ground;
mod looks;
mod stuck;
