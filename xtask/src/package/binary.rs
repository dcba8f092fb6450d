//! The static program: glibc and all C that it needs are part of it.

use std::path::{Path, PathBuf};

use super::command::Profile;
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds it in a build folder of its own, so that the main one is not built anew with other flags.
pub(super) fn build(profile: Profile) -> Result<PathBuf, Failure> {
    let target = workspace::target().join("package");
    let (profile, folder) = match profile {
        Profile::Dist => ("dist", "dist"),
        Profile::Debug => ("dev", "debug"),
    };
    Call::new("cargo")
        .args(["build", "--quiet", "--package", "backout", "--profile", profile, "--target", TARGET])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .without_env("CARGO_ENCODED_RUSTFLAGS")
        .folder(workspace::root())
        .output()?;
    let program = target.join(TARGET).join(folder).join("backout");
    if is_static(&program)? {
        return Ok(program);
    }
    Err(Failure::Check(format!("`{}` needs shared libraries; see `ldd` of it", program.display())))
}

/// Whether nothing has to be loaded beside it: no interpreter is named in its headers.
fn is_static(program: &Path) -> Result<bool, Failure> {
    Ok(!Call::new("readelf").args(["--program-headers", "--wide"]).args([program]).output()?.contains("INTERP"))
}
