//! Resolves references to secrets at the moment they are needed.
//!
//! Contract: a value is handed to the one who asked, and shown to nobody: errors name the reference, never the value or
//! what a command printed. The environment comes in as a map.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backout_core::config::{SecretOrText, SecretRef, Sensitive};
use backout_core::port::PortError;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use crate::command::{Command, CommandError, Environment};

/// How long a command that prints a secret may run.
const LIMIT: Duration = Duration::from_secs(10);

/// How long what a command printed is used again: probes ask every second, and a command costs a process.
const REUSE: Duration = Duration::from_secs(60);

/// The longest secret, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Where secrets are looked up.
pub struct Secrets {
    environment: Environment,
    folder: PathBuf,
    printed: Mutex<HashMap<Vec<String>, (Instant, Sensitive)>>,
    reuse: Duration,
}

/// A secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not there.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    /// The file could not be read.
    #[error("the secret's file `{path}` could not be read: {}", source.kind())]
    NotRead {
        /// Its path.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The command did not end well. Its arguments and output are left out, because secrets may be in them.
    #[error("`{program}`, which prints the secret, {what}")]
    NotPrinted {
        /// The program.
        program: String,
        /// How it ended.
        what: String,
    },
    /// There is nothing in it: a secret that was not set up, more likely than one that is empty.
    #[error("the secret `{0}` is empty")]
    Empty(String),
    /// It is no text, or longer than 1 MiB.
    #[error("the secret `{0}` is not text of at most 1 MiB")]
    NotText(String),
}

impl Secrets {
    /// Looks environment variables up in `environment`, which commands see as well; relative paths start at `folder`.
    #[must_use]
    pub fn new(environment: Environment, folder: impl Into<PathBuf>) -> Self {
        Self { environment, folder: folder.into(), printed: Mutex::default(), reuse: REUSE }
    }

    /// The text itself, or what the reference stands for now.
    ///
    /// # Errors
    /// [`SecretError`] where there is no such secret.
    pub async fn text(&self, text: &SecretOrText) -> Result<Sensitive, SecretError> {
        match text {
            SecretOrText::Secret(reference) => self.resolve(reference).await,
            SecretOrText::Text(text) => Ok(text.clone()),
        }
    }

    /// What the reference stands for now: without the last line end, for files and commands. What a command printed is
    /// used again for a minute.
    ///
    /// # Errors
    /// [`SecretError`] where there is no such secret.
    pub async fn resolve(&self, reference: &SecretRef) -> Result<Sensitive, SecretError> {
        let (name, bytes) = match reference {
            SecretRef::Env(name) => (name.clone(), self.variable(name)?),
            SecretRef::File(path) => (path.clone(), self.file(path).await?),
            SecretRef::Exec(argv) => return self.printed(argv).await,
        };
        text_of(&name, bytes)
    }

    fn variable(&self, name: &str) -> Result<Vec<u8>, SecretError> {
        let value = self.environment.get(std::ffi::OsStr::new(name));
        let value = value.ok_or_else(|| SecretError::NotSet(name.to_owned()))?;
        Ok(value.as_encoded_bytes().to_vec())
    }

    async fn file(&self, path: &str) -> Result<Vec<u8>, SecretError> {
        let not_read = |source| SecretError::NotRead { path: path.to_owned(), source };
        let file = tokio::fs::File::open(self.folder.join(path)).await.map_err(not_read)?;
        let mut content = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut content).await.map_err(not_read)?;
        Ok(without_line_end(content))
    }

    async fn printed(&self, argv: &[String]) -> Result<Sensitive, SecretError> {
        let remembered = self.printed.lock().unwrap_or_else(PoisonError::into_inner).get(argv).cloned();
        if let Some((_, value)) = remembered.filter(|(at, _)| at.elapsed() < self.reuse) {
            return Ok(value);
        }
        let value = self.print(argv).await?;
        let entry = (Instant::now(), value.clone());
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).insert(argv.to_vec(), entry);
        Ok(value)
    }

    async fn print(&self, argv: &[String]) -> Result<Sensitive, SecretError> {
        let [program, args @ ..] = argv else { return Err(SecretError::Empty("exec:".to_owned())) };
        let command = Command::new(program, &self.environment).args(args).folder(&self.folder).limit(LIMIT);
        let output =
            command.output_limit(LONGEST as usize + 1).run().await.map_err(|error| not_printed(program, error))?;
        text_of(program, without_line_end(output.stdout))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} variables)", self.environment.len())
    }
}

impl SecretError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            SecretError::NotSet(name) => format!("set `{name}` where backout runs"),
            SecretError::NotRead { path, .. } => format!("make `{path}` readable for the user that backout runs as"),
            SecretError::NotPrinted { program, .. } => format!("run `{program}` by hand as the same user to see why"),
            SecretError::Empty(name) | SecretError::NotText(name) => format!("see what `{name}` holds"),
        }
    }
}

impl From<SecretError> for PortError {
    fn from(error: SecretError) -> Self {
        PortError::new(error.to_string()).hint(error.hint())
    }
}

fn not_printed(program: &str, error: CommandError) -> SecretError {
    let what = match error {
        CommandError::NotFound { .. } => "was not found".to_owned(),
        CommandError::Unusable { what, source, .. } => format!("could not be {what}: {}", source.kind()),
        CommandError::TimedOut { limit, .. } => format!("did not end within {} s", limit.as_secs()),
        CommandError::Failed { ending, .. } => format!("ended with {ending}"),
    };
    SecretError::NotPrinted { program: program.to_owned(), what }
}

fn text_of(name: &str, bytes: Vec<u8>) -> Result<Sensitive, SecretError> {
    if bytes.is_empty() {
        return Err(SecretError::Empty(name.to_owned()));
    }
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LONGEST);
    text.map(Sensitive::new).ok_or_else(|| SecretError::NotText(name.to_owned()))
}

fn without_line_end(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.strip_suffix(b"\r\n").or(bytes.strip_suffix(b"\n")).map_or(bytes.len(), <[u8]>::len);
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(folder: &std::path::Path) -> Secrets {
        let variables = [("PATH", "/usr/bin:/bin"), ("TOKEN", "t0ken"), ("NOTHING", "")];
        Secrets::new(variables.map(|(name, value)| (name.into(), value.into())).into(), folder)
    }

    fn exec(script: &str) -> SecretRef {
        SecretRef::Exec(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[tokio::test]
    async fn a_variable_comes_from_the_map_and_not_from_the_process() {
        let secrets = secrets("/".as_ref());
        let value = secrets.resolve(&SecretRef::Env("TOKEN".to_owned())).await.unwrap();
        assert_eq!(value.reveal(), "t0ken");
        let missing = secrets.resolve(&SecretRef::Env("CARGO".to_owned())).await.unwrap_err();
        assert_eq!(missing.to_string(), "the environment variable `CARGO` is not set");
        let empty = secrets.resolve(&SecretRef::Env("NOTHING".to_owned())).await.unwrap_err();
        assert_eq!(empty.to_string(), "the secret `NOTHING` is empty");
    }

    #[tokio::test]
    async fn a_file_is_read_from_the_folder_anew_and_loses_one_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, secrets) = (folder.path().join("password"), secrets(folder.path()));
        for (content, expected) in [("one\n\n", "one\n"), ("two\r\n", "two"), ("three", "three")] {
            tokio::fs::write(&path, content).await.unwrap();
            let value = secrets.resolve(&SecretRef::File("password".to_owned())).await.unwrap();
            assert_eq!(value.reveal(), expected);
        }
        let missing = secrets.resolve(&SecretRef::File("none".to_owned())).await.unwrap_err();
        assert!(missing.to_string().contains("`none`"), "{missing}");
    }

    #[tokio::test]
    async fn a_file_that_is_no_text_or_too_long_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, secrets) = (folder.path().join("key"), secrets(folder.path()));
        for content in [vec![0xff, 0xfe], vec![b'a'; LONGEST as usize + 1]] {
            tokio::fs::write(&path, content).await.unwrap();
            let error = secrets.resolve(&SecretRef::File("key".to_owned())).await.unwrap_err();
            assert!(matches!(error, SecretError::NotText(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn what_a_command_printed_is_used_again_for_a_while_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let mut secrets = secrets(folder.path());
        let reference = exec("echo run >> runs; echo \"$TOKEN\"");
        for _ in 0..2 {
            assert_eq!(secrets.resolve(&reference).await.unwrap().reveal(), "t0ken");
        }
        assert_eq!(tokio::fs::read_to_string(folder.path().join("runs")).await.unwrap(), "run\n");
        secrets.reuse = Duration::ZERO;
        secrets.resolve(&reference).await.unwrap();
        assert_eq!(tokio::fs::read_to_string(folder.path().join("runs")).await.unwrap(), "run\nrun\n");
    }

    #[tokio::test]
    async fn a_failing_command_shows_neither_its_arguments_nor_its_output() {
        let error = secrets("/".as_ref()).resolve(&exec("echo hunter2 | tee /dev/stderr; exit 3")).await.unwrap_err();
        assert_eq!(error.to_string(), "`sh`, which prints the secret, ended with exit code 3");
        assert!(!format!("{error:?} {}", error.hint()).contains("hunter2"));
    }

    #[tokio::test]
    async fn plain_text_is_taken_as_it_is() {
        let text = SecretOrText::Text(Sensitive::new("plain".to_owned()));
        assert_eq!(secrets("/".as_ref()).text(&text).await.unwrap().reveal(), "plain");
    }
}
