//! The one hermetic environment: a folder of its own, no variables but a few, and output without what changes from run to run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder, and the program to run in it.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a command left.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["home", "tmp", "work", "bin"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        // No other program is found: whether this machine has Docker, say, makes no difference.
        for program in ["sh", "ln", "dirname"] {
            let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(program));
            let found = found.into_iter().find(|path| path.exists()).unwrap();
            std::os::unix::fs::symlink(found, folder.path().join("bin").join(program)).unwrap();
        }
        Self { folder }
    }

    /// The folder that commands run in.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The folder for temporary files.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        backout_engine::durable::replace(&path, text.as_bytes(), 0o644).unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "the program is started as a person starts it, not as backout would")]
    fn command(&self, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        let path = |name: &str| self.folder.path().join(name);
        command.env_clear().current_dir(folder).stdin(Stdio::null());
        command.env("HOME", path("home")).env("TMPDIR", self.temporary()).env("PATH", path("bin"));
        command.env("USER", "tester").env("TZ", "UTC").env("LANG", "C").env("NO_COLOR", "1").env("COLUMNS", "100");
        command
    }

    /// Runs the program in a folder below the one that commands run in.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Left {
        let mut command = self.command(env!("CARGO_BIN_EXE_backout"), &self.work().join(folder));
        self.left(command.args(arguments).output().unwrap())
    }

    /// The same, with other variables.
    pub(crate) fn run_with(&self, folder: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Left {
        let mut command = self.command(env!("CARGO_BIN_EXE_backout"), &self.work().join(folder));
        command.envs(variables.iter().copied());
        self.left(command.args(arguments).output().unwrap())
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Left {
        self.run_in("", arguments)
    }

    /// Starts the program and leaves it running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_backout"), &self.work());
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts the program at a terminal that `script` makes; what it prints goes to the file.
    pub(crate) fn at_a_terminal(&self, arguments: &str) -> (Child, PathBuf) {
        let told = self.temporary().join("terminal.txt");
        let mut command = self.command("/usr/bin/script", &self.work());
        let typed = format!("'{}' {arguments}", env!("CARGO_BIN_EXE_backout"));
        command.env("SHELL", "/bin/sh").args(["--quiet", "--flush", "--return", "--command", &typed]).arg(&told);
        (command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap(), told)
    }

    /// Runs a script of the folder.
    pub(crate) fn script(&self, name: &str, argument: &str) -> Left {
        let mut command = self.command("sh", &self.work());
        self.left(command.args([name, argument]).output().unwrap())
    }

    /// What a program left, with this place's folder called `[PLACE]`.
    pub(crate) fn left(&self, output: Output) -> Left {
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).unwrap().replace(&self.folder.path().display().to_string(), "[PLACE]")
        };
        Left { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The command lines of processes that name this place: what was left running.
    pub(crate) fn processes(&self) -> Vec<String> {
        let place = self.folder.path().display().to_string();
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let lines = lines.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
        lines.filter(|line| line.contains(&place)).collect()
    }
}

impl Left {
    /// Everything as one text to compare.
    pub(crate) fn shown(&self) -> String {
        let code = self.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        format!("exit: {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }

    /// The document on standard output, which has a version.
    pub(crate) fn document(&self) -> Value {
        let parsed: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.shown()));
        assert_eq!(parsed["version"], 1, "{}", self.shown());
        parsed
    }

    /// The same, where it must have gone well.
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.shown());
        self
    }
}
