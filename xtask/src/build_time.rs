//! Measures how long `backout` takes to build from an empty folder. The goals are 6 minutes (dev) and 15 (release) on
//! 2 cores.

use std::fs;
use std::time::Instant;

use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// `cargo xtask build-time`
pub(crate) fn command() -> Result<(), Failure> {
    let folder = workspace::target().join("build-time");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let compiler = Call::new("rustc").args(["--version"]).output()?;
    println!("on {cores} cores with {}", compiler.trim());
    for (profile, flags) in [("dev", [].as_slice()), ("release", ["--release"].as_slice())] {
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
        }
        let begun = Instant::now();
        Call::new("cargo")
            .args(["build", "--quiet", "--package", "backout"])
            .args(flags)
            .env("CARGO_TARGET_DIR", &folder)
            .folder(workspace::root())
            .run()?;
        println!("{profile:<8} {:>6.1} s", begun.elapsed().as_secs_f64());
    }
    fs::remove_dir_all(&folder).map_err(Failure::file(&folder))
}
