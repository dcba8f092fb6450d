//! Where the repository, its build folder and the test-bed are.

use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Cargo's build folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The folder of `testbed.json`, the logs and the static application: `$BACKOUT_TESTBED`, or `target/testbed`.
pub(crate) fn testbed() -> PathBuf {
    std::env::var_os("BACKOUT_TESTBED").map_or_else(|| root().join("target/testbed"), |folder| root().join(folder))
}
