//! `backout` itself as the bench starts it: a release build, no terminal.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::project::Project;
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// The program under measurement.
pub(crate) struct Backout {
    pub(crate) program: PathBuf,
}

impl Backout {
    /// Builds it as it is shipped to be used, without LTO.
    pub(crate) fn build() -> Result<Self, Failure> {
        Call::new("cargo")
            .args(["build", "--release", "--quiet", "--package", "backout"])
            .folder(workspace::root())
            .run()?;
        Ok(Self { program: workspace::target().join("release/backout") })
    }

    /// Guards a deploy of whatever the project's `.env` names.
    pub(crate) fn guard(&self, project: &Project) -> Result<Guard, Failure> {
        let deploy = ["guard", "--", "docker", "compose", "-p", &project.name, "up", "-d"];
        self.start(&project.folder, &deploy).map(Guard)
    }

    pub(crate) fn start(&self, folder: &Path, words: &[&str]) -> Result<Child, Failure> {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(|error| Failure::Start { program: "backout".to_owned(), error })
    }
}

/// A guard that runs.
pub(crate) struct Guard(Child);

impl Guard {
    /// Its exit code.
    pub(crate) fn wait(mut self) -> Result<Option<i32>, Failure> {
        let status = self.0.wait().map_err(|error| Failure::Start { program: "backout guard".to_owned(), error })?;
        Ok(status.code())
    }
}
