//! Helm's records: reading them, what they render, how two differ.
//!
//! Contract: pure. What a record holds may be secret in all of its parts: only [`difference`], [`hook_words`] and what is
//! named `without_secrets` give something that may be shown.

mod coding;
mod difference;
#[cfg(test)]
mod fixtures;
mod history;
mod hooks;
mod manifest;
#[expect(clippy::module_inception, reason = "the folder is about it")]
mod record;
mod status;

pub(super) use difference::{difference, secrets, values_without_secrets};
pub(super) use history::{History, Place};
pub(super) use hooks::{Hook, hook_words};
pub(super) use manifest::{Manifest, Workload, manifest_without_secrets, with_altered};
pub(super) use record::{Record, labelled};
pub(super) use status::Status;
