//! The static program: glibc and all C that it needs are part of it.

use std::path::{Path, PathBuf};

use super::command::Profile;
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// Builds it. Only the last link is another one than usual, so that all else of the build folder serves.
pub(super) fn build(profile: Profile) -> Result<PathBuf, Failure> {
    let (profile, folder) = match profile {
        Profile::Dist => ("dist", "dist"),
        Profile::Debug => ("dev", "debug"),
    };
    let program = ["rustc", "--quiet", "--package", "backout", "--bin", "backout", "--profile", profile];
    let linked = ["--", "-C", "target-feature=+crt-static"];
    Call::new("cargo").args(program).args(linked).folder(workspace::root()).output()?;
    let program = workspace::target().join(folder).join("backout");
    if is_static(&program)? {
        return Ok(program);
    }
    Err(Failure::Check(format!("`{}` needs shared libraries; see `ldd` of it", program.display())))
}

/// Whether nothing has to be loaded beside it: no interpreter is named in its headers.
fn is_static(program: &Path) -> Result<bool, Failure> {
    Ok(!Call::new("readelf").args(["--program-headers", "--wide"]).args([program]).output()?.contains("INTERP"))
}
