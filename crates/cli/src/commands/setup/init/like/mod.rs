//! `backout init --like NAME`: what the runbooks of five teams say, as text to begin from, fitted to what was found.
//!
//! Contract: what is written loads without a problem and without a warning, whatever was found, and so does what it offers as
//! comments; a trigger is only written for what is measured there. What needs a secret, names people or switches something is
//! offered, not written, so that `backout check` misses nothing but probes and a Prometheus at other addresses.

mod fit;
mod team;
#[cfg(test)]
mod tests;

pub(super) use team::{Team, team};
