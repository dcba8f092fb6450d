//! `cargo xtask package [--debug] [--check]`: the packages, one after the other.

use std::fs;
use std::path::{Path, PathBuf};

use super::{binary, check, deb, extras, image};
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// How the program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// What is shipped: small, and slow to build.
    Dist,
    /// Quick to build: what is packed is checked, and not shipped.
    Debug,
}

/// Makes the packages, and looks at them where that is asked for.
pub(crate) fn command(words: &[&str]) -> Result<(), Failure> {
    let (mut profile, mut checked) = (Profile::Dist, false);
    for word in words {
        match *word {
            "--debug" => profile = Profile::Debug,
            "--check" => checked = true,
            other => return Err(Failure::Usage(format!("`{other}` is no option of `package`"))),
        }
    }
    let root = folder().join("root");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(Failure::file(&root))?;
    }
    let program = binary::build(profile)?;
    extras::write(&program, &root)?;
    told(&program)?;
    let deb = deb::build()?;
    told(&deb)?;
    let image = image::build(&root)?;
    println!("package: image `{}` {image}", image::NAME);
    if !checked {
        return Ok(());
    }
    check::source()?;
    check::deb(&deb, &root)?;
    check::image()
}

/// Where packages are made. The manifest names it, so it does not move with Cargo's build folder.
pub(super) fn folder() -> PathBuf {
    workspace::root().join("target/package")
}

fn told(file: &Path) -> Result<(), Failure> {
    let size = fs::metadata(file).map_err(Failure::file(file))?.len();
    let sum = Call::new("sha256sum").args([file]).output()?;
    let sum = sum.split_whitespace().next().unwrap_or_default();
    println!("package: {} has {} KiB, sha256 {sum}", file.display(), size.div_ceil(1024));
    Ok(())
}
