//! `cargo xtask bench detection`: the detector against what others do, on simulated deploys.

use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// The bench of the deciding crate, optimised; it prints for itself.
pub(crate) fn command(arguments: &[&str]) -> Result<(), Failure> {
    Call::new("cargo")
        .args(["bench", "--quiet", "-p", "backout-core", "--bench", "detection", "--"])
        .args(arguments)
        .folder(workspace::root())
        .run()
}
