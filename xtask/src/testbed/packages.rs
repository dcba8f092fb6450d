//! Debian packages, installed only where their program is missing and never started as services.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::{Call, find};
use crate::testbed::layout::Layout;

/// Where the program is; installs the packages if it is nowhere.
pub(crate) fn program(layout: &Layout, name: &str, packages: &[&str]) -> Result<PathBuf, Failure> {
    if let Some(path) = find(name) {
        return Ok(path);
    }
    install(layout, packages)?;
    find(name).ok_or_else(|| Failure::Check(format!("`{name}` is not in the packages {}", packages.join(", "))))
}

/// Installs the packages without the services that they would start.
pub(crate) fn install(layout: &Layout, packages: &[&str]) -> Result<(), Failure> {
    if !layout.is_root {
        let list = packages.join(" ");
        return Err(Failure::Check(format!("only root can install it; run `apt-get install {list}`")));
    }
    eprintln!("testbed: installing {}", packages.join(", "));
    let _no_services = NoServices::begin()?;
    let apt = || Call::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    let no_recommends = ["install", "-y", "-qq", "--no-install-recommends"];
    // The package lists are fetched anew only where the ones at hand lead nowhere.
    let first = apt().args(no_recommends).args(packages).output();
    if first.is_ok() {
        return Ok(());
    }
    apt().args(["update", "-qq"]).output()?;
    apt().args(no_recommends).args(packages).output().map(drop)
}

/// While it lives, packages may not start services: `policy-rc.d` answers 101 (action forbidden by policy).
struct NoServices {
    replaced: Option<Vec<u8>>,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn begin() -> Result<Self, Failure> {
        let path = Path::new(POLICY);
        let replaced = fs::read(path).ok();
        fs::write(path, "#!/bin/sh\nexit 101\n").map_err(Failure::file(path))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(Failure::file(path))?;
        Ok(Self { replaced })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        let restored = match &self.replaced {
            Some(content) => fs::write(POLICY, content),
            None => fs::remove_file(POLICY),
        };
        if let Err(error) = restored {
            eprintln!("testbed: `{POLICY}` could not be put back: {error}; remove it, or services will not start");
        }
    }
}
