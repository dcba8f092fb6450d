//! A file or a symbolic link that a proxy looks at.
//!
//! Contract: the name is switched in one step, so that a proxy sees it as it was or as it shall be. A check that fails puts
//! it back before the proxy is told. What is at the path afterwards counts, not what a command answered.
//!
//! | what is at the path | kept as | on, with `create` | on, with `remove` | on, with `link` |
//! |---------------------|---------|-------------------|-------------------|-----------------|
//! | nothing             | absent  | made              | as it is          | made            |
//! | a file              | file    | replaced          | removed           | replaced        |
//! | a symbolic link     | link    | replaced, not what it leads to | removed | replaced     |
//! | anything else       | an error, and nothing is switched                         |||

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use backout_core::config::WhenOn;
use backout_core::journal::Former;
use backout_core::port::{Barrier, Blobs, Pending, PortError};

use crate::command::Command;
use crate::files::{replace, sync_folder};

/// Permission bits of a file that is made.
const MODE: u32 = 0o644;
const MODE_BITS: u32 = 0o7777;

/// A file or a symbolic link that is switched.
#[derive(Debug, Clone)]
pub struct FileBarrier {
    path: PathBuf,
    when_on: WhenOn,
    check: Option<Command>,
    reload: Option<Command>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    Nothing,
    File { bytes: Vec<u8>, mode: u32 },
    Link(PathBuf),
}

impl FileBarrier {
    /// The path must be absolute. `check` must succeed before the proxy is told, which `reload` does.
    #[must_use]
    pub fn new(path: PathBuf, when_on: WhenOn, check: Option<Command>, reload: Option<Command>) -> Self {
        Self { path, when_on, check, reload }
    }

    fn wanted(&self) -> At {
        match &self.when_on {
            WhenOn::There(content) => At::File { bytes: content.as_bytes().to_vec(), mode: MODE },
            WhenOn::Absent => At::Nothing,
            WhenOn::Link(to) => At::Link(PathBuf::from(to)),
        }
    }

    async fn switch(&self, to: At, back: At) -> Result<String, PortError> {
        self.put(to.clone()).await?;
        if let Some(check) = &self.check
            && let Err(error) = check.run().await
        {
            self.put(back).await?;
            return Err(PortError::new(format!("the check fails, so it is as it was: {error}"))
                .hint("see what the proxy complains about; it was not told anything"));
        }
        if let Some(reload) = &self.reload {
            reload.run().await?;
        }
        let seen = self.now().await?;
        if seen == to { Ok(in_words(&seen)) } else { Err(PortError::new(format!("it is not so: {}", in_words(&seen)))) }
    }

    async fn now(&self) -> Result<At, PortError> {
        self.blocking("look at", at).await
    }

    async fn put(&self, what: At) -> Result<(), PortError> {
        self.blocking("switch", move |path| put(path, &what)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        verb: &'static str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || work(&path)).await;
        let explain = |why: String| PortError::new(format!("could not {verb} `{}`: {why}", self.path.display()));
        match done {
            Ok(done) => done.map_err(|error| explain(error.to_string())),
            Err(_) => Err(explain("interrupted".to_owned())),
        }
    }
}

impl Barrier for FileBarrier {
    fn name(&self) -> String {
        format!("file {}", self.path.display())
    }

    fn look<'a>(&'a self, blobs: &'a dyn Blobs) -> Pending<'a, Result<Former, PortError>> {
        Box::pin(async move {
            Ok(match self.now().await? {
                At::Nothing => Former::Absent,
                At::File { bytes, mode } => Former::File { content: blobs.put(&bytes).await?, mode },
                At::Link(to) => Former::Link { to: to.display().to_string() },
            })
        })
    }

    fn raise<'a>(&'a self, former: &'a Former, blobs: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move { self.switch(self.wanted(), restored(former, blobs).await?).await })
    }

    fn lower<'a>(&'a self, former: &'a Former, blobs: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move { self.switch(restored(former, blobs).await?, self.wanted()).await })
    }
}

async fn restored(former: &Former, blobs: &dyn Blobs) -> Result<At, PortError> {
    match former {
        Former::Absent => Ok(At::Nothing),
        Former::File { content, mode } => Ok(At::File { bytes: blobs.get(content).await?, mode: *mode }),
        Former::Link { to } => Ok(At::Link(PathBuf::from(to))),
        Former::Unseen | Former::Fields { .. } | Former::Services { .. } => {
            Err(PortError::new("what was kept of it is not about a file")
                .hint("the configuration has changed since it was switched on: undo it by hand"))
        }
    }
}

fn at(path: &Path) -> io::Result<At> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(At::Nothing),
        Err(error) => return Err(error),
    };
    if found.is_symlink() {
        return Ok(At::Link(fs::read_link(path)?));
    }
    if !found.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is neither a file nor a symbolic link"));
    }
    Ok(At::File { bytes: fs::read(path)?, mode: found.permissions().mode() & MODE_BITS })
}

fn put(path: &Path, what: &At) -> io::Result<()> {
    if at(path)? == *what {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    match what {
        At::Nothing => {
            fs::remove_file(path)?;
            sync_folder(folder)
        }
        At::File { bytes, mode } => replace(path, bytes, *mode),
        At::Link(to) => {
            let new = folder.join(format!(".{}.backout-new", path.file_name().unwrap_or_default().display()));
            match fs::remove_file(&new) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => symlink(to, &new)?,
            }
            fs::rename(&new, path)?;
            sync_folder(folder)
        }
    }
}

fn in_words(at: &At) -> String {
    match at {
        At::Nothing => "there is no such file".to_owned(),
        At::File { bytes, .. } => format!("the file is there, {} bytes", bytes.len()),
        At::Link(to) => format!("the link leads to `{}`", to.display()),
    }
}
