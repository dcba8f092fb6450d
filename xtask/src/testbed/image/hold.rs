//! Keeping an image: `docker image prune -af`, which tests run, takes every image without a container.

use crate::failure::Failure;
use crate::process::Call;

/// Keeps a container of the image, never started.
pub(super) fn hold(holder: &str, image: &str, id: &str) -> Result<(), Failure> {
    let docker = |words: &[&str]| Call::new("docker").args(words).output();
    let held = docker(&["container", "inspect", "--format", "{{.Image}}", holder]);
    if held.as_ref().is_ok_and(|held| held.trim() == id) {
        return Ok(());
    }
    if held.is_ok() {
        docker(&["container", "rm", holder])?;
    }
    docker(&["container", "create", "--name", holder, image]).map(drop)
}
