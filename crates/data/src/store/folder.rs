//! A store that is a folder: files that only their owner reads, in folders that only their owner enters.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use backout_core::port::PortError;
use jiff::Timestamp;

use super::contract::{Entry, Store, Upload};
use super::folder_upload::{FileUpload, sync_folder};
use super::name::{PART, parts};
use crate::seal::failed;

/// A folder of restore points.
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at an absolute path. It is made when something is written.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, name: &str) -> Result<PathBuf, PortError> {
        Ok(parts(name)?.iter().fold(self.root.clone(), |path, part| path.join(part)))
    }

    /// The path, where what is there is inside of the folder: links do not lead out of it.
    fn existing(&self, name: &str) -> Result<Option<PathBuf>, PortError> {
        let path = self.path(name)?;
        let failed = |error| failed(&format!("could not look at {}", path.display()), &error);
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        self.inside(&real)?;
        Ok(Some(real))
    }

    fn inside(&self, real: &Path) -> Result<(), PortError> {
        let root = self.root.canonicalize();
        let root = root.map_err(|error| failed(&format!("could not look at {}", self.root.display()), &error))?;
        if real.starts_with(&root) {
            return Ok(());
        }
        Err(PortError::new(format!("{} leads out of the store {}", real.display(), root.display()))
            .hint("remove the link: stores keep files themselves"))
    }

    fn make_parent(&self, path: &Path) -> Result<PathBuf, PortError> {
        let parent = path.parent().unwrap_or(&self.root);
        let failed = |error| failed(&format!("could not make the folder {}", parent.display()), &error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
        let real = parent.canonicalize().map_err(failed)?;
        self.inside(&real)?;
        // The folders' own entries must survive the machine's death as well.
        for folder in real.ancestors().take(parts_between(&self.root, parent) + 2) {
            sync_folder(folder).map_err(failed)?;
        }
        Ok(real)
    }
}

impl Store for Folder {
    fn place(&self) -> String {
        format!("file:{}/", self.root.display())
    }

    fn write(&self, name: &str) -> Result<Box<dyn Upload>, PortError> {
        let path = self.path(name)?;
        let folder = self.make_parent(&path)?;
        remove_abandoned(&self.root);
        let Some(file) = path.file_name() else { return Err(PortError::new(format!("`{name}` names no file"))) };
        Ok(Box::new(FileUpload::begin(name, &folder.join(file))?))
    }

    fn read_from(&self, name: &str, first: u64) -> Result<Box<dyn Read + Send>, PortError> {
        let Some(path) = self.existing(name)? else {
            return Err(PortError::new(format!("`{name}` is not in {}", self.root.display()))
                .hint("it was removed by somebody: use another restore point"));
        };
        let failed = |error| failed(&format!("could not read {}", path.display()), &error);
        let mut file = File::open(&path).map_err(failed)?;
        file.seek(SeekFrom::Start(first)).map_err(failed)?;
        Ok(Box::new(file))
    }

    fn find(&self, name: &str) -> Result<Option<Entry>, PortError> {
        let Some(path) = self.existing(name)? else { return Ok(None) };
        let found = path.metadata().and_then(|found| found.is_file().then(|| entry(name, &found)).transpose());
        found.map_err(|error| failed(&format!("could not look at {}", path.display()), &error))
    }

    fn remove(&self, name: &str) -> Result<(), PortError> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(failed(&format!("could not remove {}", path.display()), &error)),
        }
        // Folders that became empty go with it; the store itself stays.
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != self.root) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn each(&self, under: &str, seen: &mut dyn FnMut(Entry)) -> Result<(), PortError> {
        let start = if under.is_empty() { self.root.clone() } else { self.path(under.trim_end_matches('/'))? };
        show(&self.root, &start, seen).map_err(|error| failed(&format!("could not list {}", start.display()), &error))
    }
}

fn parts_between(root: &Path, folder: &Path) -> usize {
    folder.strip_prefix(root).map(|rest| rest.components().count()).unwrap_or(0)
}

fn entry(name: &str, found: &fs::Metadata) -> std::io::Result<Entry> {
    let modified = Timestamp::try_from(found.modified()?).map_err(std::io::Error::other)?;
    Ok(Entry { name: name.to_owned(), bytes: found.size(), modified })
}

/// Shows every whole file below `folder`.
fn show(root: &Path, folder: &Path, seen: &mut dyn FnMut(Entry)) -> std::io::Result<()> {
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for found in found {
        let found = found?;
        let (path, kind) = (found.path(), found.file_type()?);
        if kind.is_dir() {
            show(root, &path, seen)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str)
            && kind.is_file()
            && !name.ends_with(PART)
        {
            seen(entry(name, &found.metadata()?)?);
        }
    }
    Ok(())
}

/// Removes what killed writers left: parts that nobody holds. What cannot be looked at is left for the next time.
fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => remove_abandoned(&path),
            Ok(kind) if kind.is_file() && path.as_os_str().as_encoded_bytes().ends_with(PART.as_bytes()) => {
                super::folder_upload::remove_unless_held(&path);
            }
            _ => {}
        }
    }
}
