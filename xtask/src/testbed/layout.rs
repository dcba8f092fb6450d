//! The test-bed's folders.
//!
//! What tests read (`testbed.json`, logs, the static application) is under `target/testbed`. What the parts keep is
//! outside the build folder, because PostgreSQL's user must be able to reach it and `cargo clean` must not take a running
//! engine's data away; the record is kept there as well, so that it survives too.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::testbed::record::Part;
use crate::workspace;

/// The folders of one test-bed.
#[derive(Debug)]
pub(crate) struct Layout {
    /// What tests read.
    pub(crate) state: PathBuf,
    /// What the parts of this test-bed keep.
    pub(crate) data: PathBuf,
    /// What all test-beds on the machine share: the one Docker Engine.
    pub(crate) machine: PathBuf,
    /// Packages can be installed and users changed.
    pub(crate) is_root: bool,
}

impl Layout {
    /// Makes the folders that are missing.
    pub(crate) fn prepare() -> Result<Self, Failure> {
        let state = workspace::testbed();
        let is_root = rustix::process::geteuid().is_root();
        let machine = if is_root { PathBuf::from("/var/lib/backout-testbed") } else { state.join("machine") };
        let data = machine.join(state.display().to_string().trim_matches('/').replace('/', "-"));
        let layout = Self { state, data, machine, is_root };
        for folder in [&layout.state, &layout.log_folder(), &layout.machine, &layout.data] {
            make_folder(folder)?;
        }
        Ok(layout)
    }

    /// A folder for one part to keep its data in.
    pub(crate) fn folder(&self, part: &str) -> Result<PathBuf, Failure> {
        let folder = self.data.join(part);
        make_folder(&folder)?;
        Ok(folder)
    }

    pub(crate) fn log(&self, part: &str) -> PathBuf {
        self.log_folder().join(format!("{part}.log"))
    }

    fn log_folder(&self) -> PathBuf {
        self.state.join("log")
    }
}

/// Makes a folder that other users can look into.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(Failure::file(folder))
}

/// The port to use: the one used before, else the preferred one, else any; the first of them that is free.
pub(crate) fn free_port(before: Option<&Part>, preferred: u16) -> Result<u16, Failure> {
    let listener = before
        .and_then(|part| part.port)
        .into_iter()
        .chain([preferred, 0])
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    listener
        .and_then(|listener| listener.local_addr().ok())
        .map(|address| address.port())
        .ok_or_else(|| Failure::Check("no loopback port is free".to_owned()))
}
