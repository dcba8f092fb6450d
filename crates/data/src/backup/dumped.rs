//! The dump on its way into the store.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use backout_adapters::command::{CommandError, spawn_piped};
use backout_core::data::{Packing, PointKind, StoredObject};
use backout_core::port::{PortError, Progress};

use super::held::Held;
use super::written::Written;
use super::{arguments, folder};
use crate::pipe::{Counted, Moved, Tally, bare, blocking, succeeded, watched};
use crate::seal::{self, Keys};
use crate::store::{Store, Upload};
use crate::{Address, Target};

/// What a dump is packed with.
const PACKING: Packing = Packing::Zstd;
/// How much is moved at once.
const CHUNK: usize = 256 * 1024;

/// What a dump is made from.
pub(super) struct Order<'a> {
    /// The database.
    pub(super) target: &'a Target,
    /// How it is reached.
    pub(super) address: &'a Address,
    /// The moment.
    pub(super) held: &'a Held,
    /// What the names of objects start with.
    pub(super) under: &'a str,
    /// What it is sealed with.
    pub(super) keys: &'a Keys,
    /// How many connections dump.
    pub(super) jobs: u32,
    /// Looks on.
    pub(super) progress: &'a dyn Progress,
}

/// A stream with everything below it: packed, sealed and hashed into the store.
type Sink = seal::Sealed<Box<dyn Upload>>;

impl Order<'_> {
    /// Dumps into the store: what it is made of, and the object.
    ///
    /// # Errors
    /// What `pg_dump` said, or could not be written. Nothing of it is left then.
    pub(super) async fn dumped(&self, written: &mut Written) -> Result<(PointKind, StoredObject), PortError> {
        let (packing, sealing) = (PACKING, self.keys.sealing());
        let (kind, file) = match self.jobs {
            0 | 1 => (PointKind::Custom { packing, sealing }, "dump.pgc"),
            _ => (PointKind::Directory { packing, sealing }, "dump.tar"),
        };
        let name = format!("{}{file}{}", self.under, folder::endings(packing, sealing));
        let upload = match self.jobs {
            0 | 1 => self.streamed(&name, written.store()).await?,
            _ => self.staged(&name, written.store()).await?,
        };
        Ok((kind, written.finish(&name, upload).await?))
    }

    /// In one pass, nothing staged.
    async fn streamed(&self, name: &str, store: &Arc<dyn Store>) -> Result<Box<dyn Upload>, PortError> {
        let words = arguments::stream(self.address.dbname(), &self.held.exported);
        let command = self.target.program("pg_dump", self.address)?.args(words);
        let mut process = spawn_piped(&bare(command))?;
        let stdout = process.stdout().ok_or_else(|| PortError::new("pg_dump has no output"))?;
        let moved = Moved::begin(self.progress, "dump", Some(self.held.table_bytes));
        let content = Counted::new(stdout, Arc::clone(&moved.done));
        let write = self.write(name, store, move |sink| poured(content, sink));
        // Where it fails, the stream only ends: it is asked itself before any of it becomes visible.
        let upload = watched(&moved, write).await?;
        let ended = process.wait().await?;
        succeeded(&process, &ended).map_err(not_dumped)?;
        Ok(upload)
    }

    /// By several connections into a folder of our own, and from there as one `tar`.
    async fn staged(&self, name: &str, store: &Arc<dyn Store>) -> Result<Box<dyn Upload>, PortError> {
        let failed = |error: io::Error| seal::failed("no folder could be made for the dump", &error);
        let own = tempfile::Builder::new().prefix("backout-dump-").tempdir().map_err(failed)?;
        let path = own.path().join("dump");
        let words = arguments::folder(self.address.dbname(), &self.held.exported, self.jobs, &path);
        let command = self.target.program("pg_dump", self.address)?.args(words);
        let mut process = spawn_piped(&bare(command))?;
        let moved = Moved::begin(self.progress, "dump", Some(self.held.table_bytes));
        let ended = watched(&moved, process.wait()).await?;
        succeeded(&process, &ended).map_err(not_dumped)?;
        let moved = Moved::begin(self.progress, "store", Some(self.held.table_bytes));
        let done = Arc::clone(&moved.done);
        let write = self.write(name, store, move |sink| {
            let packed = archived(own.path().join("dump").as_path(), sink, &done);
            drop(own);
            packed
        });
        watched(&moved, write).await
    }

    /// Writes an object on a thread of its own, but for making it visible.
    async fn write(
        &self,
        name: &str,
        store: &Arc<dyn Store>,
        fill: impl FnOnce(Sink) -> io::Result<Sink> + Send + 'static,
    ) -> Result<Box<dyn Upload>, PortError> {
        let (store, name, keys) = (Arc::clone(store), name.to_owned(), self.keys.clone());
        blocking(move || {
            let failed = |error| seal::failed(&format!("could not write `{name}`"), &error);
            let sink = seal::writer(store.write(&name)?, PACKING, keys.sealing(), &keys).map_err(failed)?;
            fill(sink).and_then(Sink::finish).map_err(failed)
        })
        .await
    }
}

fn not_dumped(error: CommandError) -> PortError {
    let waited = ["canceling statement due to", "could not obtain lock"];
    let is_about_locks = waited.iter().any(|words| error.stderr().contains(words));
    let port = PortError::new(format!("the database could not be dumped: {error}"));
    match is_about_locks {
        true => port.hint("a migration began meanwhile, or somebody holds a table: let it end, and try again"),
        false => port,
    }
}

fn poured(mut content: impl Read, mut sink: Sink) -> io::Result<Sink> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match content.read(&mut chunk) {
            Ok(0) => return Ok(sink),
            Ok(length) => sink.write_all(&chunk[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn archived(folder: &Path, sink: Sink, done: &Arc<Tally>) -> io::Result<Sink> {
    let mut archive = tar::Builder::new(sink);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let file = File::open(entry.path())?;
        let mut header = tar::Header::new_gnu();
        header.set_size(file.metadata()?.len());
        header.set_mode(0o600);
        archive.append_data(&mut header, entry.file_name(), Counted::new(file, Arc::clone(done)))?;
    }
    archive.into_inner()
}
