//! The `.deb`, by `cargo deb`: what is in it stands in the manifest of the command line's crate.

use std::path::PathBuf;

use super::command::folder;
use super::extras::files;
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// The version that was seen to work.
const VERSION: &str = "3.8.0";

/// Packs the tree.
pub(super) fn build() -> Result<PathBuf, Failure> {
    let tool = tool()?;
    let made = folder().join("deb");
    let _ = std::fs::remove_dir_all(&made);
    // The program is there, static and stripped.
    let words = ["--no-build", "--no-strip", "--package", "backout", "--quiet", "--output"];
    Call::new(tool).args(words).args([&made]).folder(workspace::root()).output()?;
    match files(&made)?.as_slice() {
        [one] => Ok(made.join(one)),
        several => Err(Failure::Check(format!("one package was to be made, and there are {several:?}"))),
    }
}

/// `cargo-deb`, installed where the test-bed is unless it is there.
pub(crate) fn tool() -> Result<PathBuf, Failure> {
    let root = workspace::testbed().join("cargo");
    let tool = root.join("bin/cargo-deb");
    let has = Call::new(&tool).args(["--version"]).output().is_ok_and(|version| version.trim().ends_with(VERSION));
    if !has {
        // Without `lzma` it needs no C library, and packs with gzip.
        let words =
            ["install", "--quiet", "--locked", "--no-default-features", "--version", VERSION, "cargo-deb", "--root"];
        Call::new("cargo").args(words).args([&root]).without_env("CARGO_TARGET_DIR").output()?;
    }
    Ok(tool)
}
