//! A folder that looks like a release with some files more; the release itself stays as it is.
//!
//! Contract: folders that no added file is in are links to those of the release; in the others every file is a copy.
//! Copies, because a program that is found through a link goes by the folder that the link leads to.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use backout_core::port::Overlay;
use tempfile::TempDir;

/// The folder; gone when it is dropped.
pub(super) struct Overlaid {
    folder: TempDir,
}

impl Overlaid {
    /// A release with files over it.
    ///
    /// # Errors
    /// What cannot be read or written; a file that is not within the release's folder.
    pub(super) fn new(release: &Path, overlay: &Overlay) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("backout-release-").tempdir()?;
        for (name, content) in files(release, overlay)? {
            open(release, folder.path(), name.parent().unwrap_or(Path::new("")))?;
            let path = folder.path().join(&name);
            // What is there is a copy, or a link to something in the release, which must not be written through.
            if path.symlink_metadata().is_ok() {
                std::fs::remove_file(&path)?;
            }
            std::io::copy(&mut content.as_slice(), &mut std::fs::File::create_new(&path)?)?;
        }
        open(release, folder.path(), Path::new(""))?;
        Ok(Self { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The files of an overlay by their names relative to the release.
fn files(release: &Path, overlay: &Overlay) -> std::io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let base = Path::new(&overlay.folder);
    let base = base.strip_prefix(release).unwrap_or(base);
    let outside = || std::io::Error::other(format!("`{}` is not within {}", overlay.folder, release.display()));
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(overlay.tar.as_slice()).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let joined = base.join(entry.path()?);
        let name: PathBuf = joined.components().filter(|part| *part != Component::CurDir).collect();
        if name.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(outside());
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        files.insert(name, content);
    }
    Ok(files)
}

/// Makes the folders down to `name` real ones that have what the release has in them.
fn open(release: &Path, into: &Path, name: &Path) -> std::io::Result<()> {
    let mut at = PathBuf::new();
    let steps = std::iter::once(None).chain(name.components().map(Some));
    for step in steps {
        at.extend(step.iter());
        let (from, to) = (release.join(&at), into.join(&at));
        let is_real = to.symlink_metadata().is_ok_and(|it| it.is_dir()) && step.is_some();
        let is_filled = step.is_none() && std::fs::read_dir(&to)?.next().is_some();
        if is_real || is_filled {
            continue;
        }
        if to.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
            std::fs::remove_file(&to)?;
        }
        std::fs::create_dir_all(&to)?;
        fill(&from, &to)?;
    }
    Ok(())
}

fn fill(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        // Bytecode of the release is older than what is put over it, or may seem so.
        match entry.file_name() == "__pycache__" {
            true => (),
            false if source.is_dir() => std::os::unix::fs::symlink(source.canonicalize()?, target)?,
            false => drop(std::fs::copy(&source, target)?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_files_more_and_stays_as_it_is() {
        let release = tempfile::tempdir().unwrap();
        let root = release.path();
        for folder in ["app/migrations", "lib/deep"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for (name, text) in [("manage.py", "m"), ("app/a.py", "a"), ("app/migrations/1.py", "one"), ("lib/deep/x", "x")]
        {
            std::fs::File::create_new(root.join(name)).unwrap();
            std::io::Write::write_all(
                &mut std::fs::File::options().write(true).open(root.join(name)).unwrap(),
                text.as_bytes(),
            )
            .unwrap();
        }
        let mut tar = tar::Builder::new(Vec::new());
        for (name, text) in [("migrations/1.py", "uno"), ("migrations/2.py", "two"), ("new/3.py", "three")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_cksum();
            tar.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        let overlay = Overlay { folder: "./app".into(), tar: tar.into_inner().unwrap() };
        let overlaid = Overlaid::new(root, &overlay).unwrap();
        let read = |name: &str| std::fs::read_to_string(overlaid.folder().join(name)).unwrap();
        let names =
            ["manage.py", "app/a.py", "app/migrations/1.py", "app/migrations/2.py", "app/new/3.py", "lib/deep/x"];
        assert_eq!(names.map(read), ["m", "a", "uno", "two", "three", "x"]);
        assert!(overlaid.folder().join("lib").is_symlink() && !overlaid.folder().join("manage.py").is_symlink());
        assert_eq!(std::fs::read_to_string(root.join("app/migrations/1.py")).unwrap(), "one");
        assert!(!root.join("app/migrations/2.py").exists());
        let gone = overlaid.folder().to_owned();
        drop(overlaid);
        assert!(!gone.exists() && root.join("lib/deep/x").exists());
        let outside = Overlay { folder: "../elsewhere".into(), ..overlay };
        assert!(Overlaid::new(root, &outside).is_err());
    }
}
