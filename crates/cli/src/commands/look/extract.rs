//! Writing a checkpoint's configuration files into a folder: to look at them, or to put one back by hand.
//!
//! Contract: nothing that is there is overwritten, nothing is written outside the folder, and only its owner can read what
//! is written: it may hold secrets.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use backout_core::inventory::{BlobRef, Checkpoint, FileState};
use backout_core::port::Blobs;
use backout_engine::durable;
use serde::Serialize;

use crate::error::CliError;
use crate::ui::count;
use crate::wire::Setup;

/// Only its owner reads and writes it.
const MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

#[derive(Serialize)]
struct Extracted<'a> {
    checkpoint: &'a str,
    files: Vec<PathBuf>,
}

/// Writes every captured file of a checkpoint.
pub(crate) async fn extract(setup: &Setup, checkpoint: &Checkpoint, folder: &Path) -> Result<ExitCode, CliError> {
    let folder = setup.process.folder.join(folder);
    let wanted = targets(checkpoint, setup.found.folder(), &folder);
    if let Some((there, _)) = wanted.iter().find(|(target, _)| target.symlink_metadata().is_ok()) {
        return Err(CliError::usage(format!("`{}` is there already; nothing was written", there.display()))
            .hint("name a new or an empty folder"));
    }
    let mut files = Vec::new();
    for (target, content) in wanted {
        let bytes = setup.blobs.get(content).await?;
        write(&target, &bytes)?;
        files.push(target);
    }
    if setup.ui.json {
        setup.ui.document(&Extracted { checkpoint: checkpoint.id.as_str(), files })?;
    } else {
        files.iter().for_each(|file| setup.ui.data(&file.display().to_string()));
        setup.ui.say(&format!("wrote {}; they may hold secrets", count(files.len(), "file")));
    }
    Ok(ExitCode::SUCCESS)
}

fn write(target: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let parent = target.parent().unwrap_or(target);
    let made = std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(parent);
    made.and_then(|()| durable::create(target, bytes, MODE))
        .map_err(|error| CliError::failed(format!("`{}` could not be written: {error}", target.display())))
}

/// Where each file goes. A file that two services share is written once.
fn targets<'a>(checkpoint: &'a Checkpoint, root: &Path, folder: &Path) -> Vec<(PathBuf, &'a BlobRef)> {
    let mut targets: Vec<(PathBuf, &BlobRef)> = Vec::new();
    for file in checkpoint.artifacts.values().flat_map(|artifact| &artifact.files) {
        let FileState::Present { content, .. } = &file.state else { continue };
        let target = folder.join(relative(Path::new(&file.path), root));
        if !targets.iter().any(|(known, _)| *known == target) {
            targets.push((target, content));
        }
    }
    targets
}

/// The name of a file below the folder: as it is below the configuration's folder, or else its whole path. A path that
/// climbs is followed by its text alone, so that the name never leads out of the folder.
fn relative(path: &Path, root: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(part) => plain.push(part),
            Component::ParentDir => drop(plain.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    let name = plain.strip_prefix(root).or_else(|_| plain.strip_prefix("/")).unwrap_or(&plain);
    name.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(path: &str) -> PathBuf {
        relative(Path::new(path), Path::new("/srv/shop"))
    }

    #[test]
    fn files_keep_their_names_below_the_folder_of_the_configuration() {
        assert_eq!(below("/srv/shop/config/app.toml"), Path::new("config/app.toml"));
        assert_eq!(below("/srv/shop/./.env"), Path::new(".env"));
    }

    #[test]
    fn files_from_elsewhere_keep_their_whole_path() {
        assert_eq!(below("/etc/nginx/shop.conf"), Path::new("etc/nginx/shop.conf"));
        assert_eq!(below("/srv/shop/../shared/app.toml"), Path::new("srv/shared/app.toml"));
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        assert_eq!(below("/srv/../../../etc/shadow"), Path::new("etc/shadow"));
    }
}
