//! The clients of one test: what they cache on disk (discovery, charts, configuration) is the test's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::docker::path_of;
use crate::kube::Generation;
use crate::skip::skip;

/// `kubectl` and `helm` with a kubeconfig and caches of their own.
#[derive(Debug)]
pub struct KubeClients {
    programs: PathBuf,
    kubeconfig: PathBuf,
    folder: tempfile::TempDir,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it said.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl KubeClients {
    /// The clients for the test of that name; `None`, with the skip counted, where the test-bed has none.
    #[must_use]
    pub fn new(test: &str, generation: Generation, kubeconfig: &Path) -> Option<Self> {
        let programs = path_of("kube").map(|folder| folder.join(generation.folder()));
        let programs = programs.filter(|folder| folder.join("kubectl").is_file() && folder.join("helm").is_file());
        let Some(programs) = programs else {
            skip(test, "the test-bed has no `kubectl` and `helm` (`cargo xtask testbed up`)");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("backout-kube-").tempdir().ok()?;
        Some(Self { programs, kubeconfig: kubeconfig.to_owned(), folder })
    }

    /// Runs `kubectl` to its end.
    #[must_use]
    pub fn kubectl(&self, arguments: &[&str]) -> Ran {
        finish(&mut self.command("kubectl", arguments))
    }

    /// Runs `helm` to its end.
    #[must_use]
    pub fn helm(&self, arguments: &[&str]) -> Ran {
        finish(&mut self.command("helm", arguments))
    }

    /// The program (`kubectl` or `helm`) before it is started, with everything set that makes it this test's own.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the testkit does not depend on the adapters that it tests")]
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).envs(self.environment()).current_dir(self.folder()).stdin(Stdio::null());
        command
    }

    /// The variables that lead a program that starts `kubectl` or `helm` by name to these clients: `PATH`, `KUBECONFIG`
    /// and the caches.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut path = self.programs.clone().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let own = |name: &str| self.folder().join(name).into_os_string();
        vec![
            ("PATH", path),
            ("KUBECONFIG", self.kubeconfig.clone().into_os_string()),
            ("KUBECACHEDIR", own("kube-cache")),
            ("HELM_CACHE_HOME", own("helm-cache")),
            ("HELM_CONFIG_HOME", own("helm-config")),
            ("HELM_DATA_HOME", own("helm-data")),
        ]
    }

    /// The folder that the programs run in, which ends with this.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the folder, with the folders on the way, and returns its path.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
    #[expect(clippy::unwrap_used, reason = "a test without its files cannot go on")]
    pub fn write(&self, file: &str, content: &str) -> PathBuf {
        let path = self.folder().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Ran {
    /// Whether it ended with 0.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == Some(0)
    }

    /// What it said.
    ///
    /// # Panics
    /// Where it did not end with 0.
    pub fn ok(self) -> String {
        assert!(self.is_ok(), "ended with {:?}\n{}{}", self.code, self.stdout, self.stderr);
        self.stdout
    }
}

#[expect(clippy::panic, reason = "a test whose surroundings fail cannot go on")]
fn finish(command: &mut Command) -> Ran {
    match command.output() {
        Ok(output) => Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        },
        Err(error) => panic!("{command:?}: {error}"),
    }
}
