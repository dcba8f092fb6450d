//! What a file of somebody is.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use backout_core::data::{Packing, PointKind, Sealing};
use backout_core::port::PortError;

use crate::seal::{self, Keys, Kind};

/// What an archive's table of contents is called in a folder or a `tar`.
const CONTENTS: &str = "toc.dat";
/// What only a dump that is a `tar` by itself holds beside it, as its last file.
const SCRIPT: &str = "restore.sql";

/// A dump of another tool.
pub(super) struct Recognized {
    /// What it is.
    pub(super) kind: PointKind,
    /// The folder that it lies in: its own, where it is one.
    pub(super) folder: PathBuf,
    /// Its files, by name within that folder.
    pub(super) files: Vec<String>,
}

/// Looks into a file or a folder. Blocks.
///
/// # Errors
/// What is no dump, or cannot be read.
pub(super) fn recognized(path: &Path, keys: &Keys) -> Result<Recognized, PortError> {
    let failed = |error: io::Error| seal::failed(&format!("could not read {}", path.display()), &error);
    let path = path.canonicalize().map_err(failed)?;
    if path.is_dir() {
        return folder(path);
    }
    let kind = kind_of(File::open(&path).map_err(failed)?, &path.display().to_string(), keys)?;
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    match (path.parent(), name) {
        (Some(folder), Some(name)) => Ok(Recognized { kind, folder: folder.to_owned(), files: vec![name] }),
        _ => Err(no_dump(&path.display().to_string())),
    }
}

/// What a stream is; `called` is its name for a person. Blocks.
///
/// # Errors
/// As [`recognized`].
pub(super) fn kind_of(content: impl Read + Send, called: &str, keys: &Keys) -> Result<PointKind, PortError> {
    let failed = |error: io::Error| seal::failed(&format!("could not read {called}"), &error);
    let found = seal::recognize(content, keys).map_err(failed)?;
    let (packing, sealing) = (found.packing, found.sealing);
    match found.kind {
        Kind::CustomDump => Ok(PointKind::Custom { packing, sealing }),
        Kind::Text => Ok(PointKind::Plain { packing, sealing }),
        Kind::Tar => match in_tar(found.content).map_err(failed)? {
            InTar::Dump => Ok(PointKind::Tar { packing, sealing }),
            InTar::Folder => Ok(PointKind::Directory { packing, sealing }),
            InTar::Else => Err(no_dump(called)),
        },
        _ => Err(no_dump(called)),
    }
}

fn folder(path: PathBuf) -> Result<Recognized, PortError> {
    let failed = |error: io::Error| seal::failed(&format!("could not read {}", path.display()), &error);
    if !path.join(CONTENTS).is_file() {
        return Err(no_dump(&path.display().to_string()));
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        match entry.file_name().into_string() {
            Ok(name) if entry.path().is_file() => files.push(name),
            _ => return Err(no_dump(&path.display().to_string())),
        }
    }
    files.sort();
    let kind = PointKind::Directory { packing: Packing::None, sealing: Sealing::None };
    Ok(Recognized { kind, folder: path, files })
}

/// What a `tar` is: a dump by itself, or the folder of `pg_dump -Fd`. Their tables of contents say the same of themselves.
fn in_tar(content: impl Read) -> io::Result<InTar> {
    let (mut has_contents, mut has_script) = (false, false);
    for entry in tar::Archive::new(content).entries()? {
        let path = entry?.path()?.into_owned();
        has_contents |= path.file_name().is_some_and(|name| name == CONTENTS);
        has_script |= path == Path::new(SCRIPT);
    }
    Ok(match (has_contents, has_script) {
        (false, _) => InTar::Else,
        (true, true) => InTar::Dump,
        (true, false) => InTar::Folder,
    })
}

enum InTar {
    Dump,
    Folder,
    Else,
}

fn no_dump(called: &str) -> PortError {
    PortError::new(format!("{called} is no dump of PostgreSQL")).hint(
        "read are the formats of `pg_dump` (-Fc, -Fd, -Ft, -Fp), packed by gzip or zstd, encrypted by age or openssl",
    )
}
