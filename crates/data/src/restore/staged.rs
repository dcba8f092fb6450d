//! What `pg_restore` reads: the file where it lies open, a copy that is laid open for it, or a stream.
//!
//! | dump | several connections | read from |
//! |---|---|---|
//! | open file or folder | either | where it lies, after its checksums were looked at |
//! | folder as one `tar` | either | a folder of our own |
//! | custom, packed or sealed | yes, and there is room | a file of our own |
//! | custom or tar, packed or sealed | else | the stream: it is restored by one connection |
//! | SQL | – | the stream |

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_core::data::PointKind;
use backout_core::port::PortError;
use tempfile::TempDir;

use super::Dump;
use crate::pipe::{Moved, Tally, blocking, watched};
use crate::seal;

/// What a program reads.
pub(crate) enum Staged {
    /// A file or a folder.
    At {
        /// Where.
        path: PathBuf,
        /// The folder of our own that it may be in, which is gone when this is dropped.
        _own: Option<TempDir>,
    },
    /// The stream, from its beginning.
    Stream,
}

impl Staged {
    /// Stages a dump as the table above says. `room` is how many bytes it may take at most, laid open.
    ///
    /// # Errors
    /// What cannot be read, or is not what was stored.
    pub(crate) async fn of(dump: &Dump, jobs: u32, room: u64, moved: &Moved<'_>) -> Result<Self, PortError> {
        if let Some(path) = dump.path() {
            return checked(dump, path, moved).await;
        }
        match &dump.kind {
            PointKind::Directory { .. } => laid_open(dump, moved, unpack_folder).await,
            PointKind::Custom { .. } if jobs > 1 && has_room(room) => laid_open(dump, moved, unpack_file).await,
            _ => Ok(Staged::Stream),
        }
    }

    /// The words by which a program finds it, and the stream that it is fed.
    ///
    /// # Errors
    /// Where the stream cannot be opened.
    pub(crate) async fn source(
        &self,
        dump: &Dump,
        done: &Arc<Tally>,
    ) -> Result<(Option<String>, Box<dyn Read + Send>), PortError> {
        match self {
            Staged::At { path, .. } => Ok((Some(path.display().to_string()), Box::new(io::empty()))),
            Staged::Stream => Ok((None, dump.content(Arc::clone(done)).await?)),
        }
    }

    /// Whether several connections can restore from it.
    pub(crate) fn is_seekable(&self, kind: &PointKind) -> bool {
        matches!(self, Staged::At { .. }) && !matches!(kind, PointKind::Tar { .. })
    }
}

/// A dump that lies open is read by programs themselves, who ask for no checksums.
async fn checked(dump: &Dump, path: PathBuf, moved: &Moved<'_>) -> Result<Staged, PortError> {
    let (dump, done) = (dump.clone(), Arc::clone(&moved.done));
    let look = move || {
        for object in &dump.objects {
            let mut stored = dump.stored(object, Arc::clone(&done))?;
            let looked = io::copy(&mut stored, &mut io::sink());
            looked.map_err(|error| seal::failed(&format!("could not read `{}`", object.name), &error))?;
        }
        Ok(())
    };
    watched(moved, blocking(look)).await?;
    Ok(Staged::At { path, _own: None })
}

/// Where an unpacked dump lies within its folder.
type Unpack = fn(Box<dyn Read + Send>, &Path) -> io::Result<PathBuf>;

async fn laid_open(dump: &Dump, moved: &Moved<'_>, unpack: Unpack) -> Result<Staged, PortError> {
    let failed = |error: io::Error| seal::failed("could not lay the dump open", &error);
    let folder = tempfile::Builder::new().prefix("backout-dump-").tempdir().map_err(failed)?;
    let content = dump.content(Arc::clone(&moved.done)).await?;
    let work = move || {
        let path = unpack(content, folder.path()).map_err(failed)?;
        Ok(Staged::At { path, _own: Some(folder) })
    };
    watched(moved, blocking(work)).await
}

fn unpack_file(mut content: Box<dyn Read + Send>, folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("dump");
    io::copy(&mut content, &mut File::create_new(&path)?)?;
    Ok(path)
}

/// The files of a folder that was put into one `tar`, whatever folder they say they are in: their names alone count.
fn unpack_folder(content: Box<dyn Read + Send>, folder: &Path) -> io::Result<PathBuf> {
    let mut archive = tar::Archive::new(content);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if let (true, Some(name)) = (entry.header().entry_type().is_file(), path.file_name()) {
            io::copy(&mut entry, &mut File::create_new(folder.join(name))?)?;
        }
    }
    // To the end, which says whether all of it was what was stored.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(folder.to_owned())
}

/// Whether there is room for files of our own; where that cannot be found out, there is none.
fn has_room(bytes: u64) -> bool {
    let seen = rustix::fs::statvfs(std::env::temp_dir().as_path());
    seen.is_ok_and(|seen| seen.f_bavail.saturating_mul(seen.f_frsize) > bytes.saturating_add(bytes / 4))
}
