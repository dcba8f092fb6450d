//! Programs of this machine that stand for what is in images: started with their pods, asked whether they are ready, reached by the
//! Services that lead to them, and ended with their pods.
//!
//! Contract: a pod with a program is ready when its program answers its readiness probe, and fails when its program ends. Nothing is
//! left running when the double ends.

mod asked;
mod keeper;
mod news;
mod running;
mod service;

pub(crate) use keeper::keep;
pub(crate) use running::{Programs, Wanted};
pub(crate) use service::{endpoints, serve};
