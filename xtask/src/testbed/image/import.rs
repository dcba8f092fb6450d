//! An image made of this machine's own files and of files written for it: two seconds, where a bootstrap from packages
//! takes minutes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::Call;

/// What an image holds.
pub(super) struct Content<'a> {
    /// Files and links of this machine, each alone: folders are not followed.
    pub(super) copied: &'a BTreeSet<PathBuf>,
    /// Path, text and permission bits of each file that is written for it.
    pub(super) written: &'a [(&'a str, &'a str, u32)],
    /// Empty folders.
    pub(super) folders: &'a [&'a str],
    /// The command that a container runs.
    pub(super) command: &'a str,
}

/// The image's id, where there is such an image.
pub(super) fn image_id(image: &str) -> Option<String> {
    let call = Call::new("docker").args(["image", "inspect", "--format", "{{.Id}}", image]);
    Some(call.output().ok()?.trim().to_owned())
}

/// Makes the image; `folder` is for what is only needed meanwhile.
pub(super) fn import(image: &str, content: &Content<'_>, folder: &Path) -> Result<String, Failure> {
    let (list, written, archive) = (folder.join("files"), folder.join("written"), folder.join("image.tar"));
    self::archive(content.copied, &list, &archive)?;
    if written.exists() {
        fs::remove_dir_all(&written).map_err(Failure::file(&written))?;
    }
    write(&written, content)?;
    let append = Call::new("tar").args(["--append", "--owner=0", "--group=0", "--file"]).args([&archive]);
    append.args(["--directory"]).args([&written]).args(["."]).output()?;
    let command = format!("CMD [\"{}\"]", content.command);
    let import = Call::new("docker").args(["import", "--change", &command]);
    let id = import.args([&archive]).args([image]).output()?.trim().to_owned();
    fs::remove_file(&archive).map_err(Failure::file(&archive))?;
    Ok(id)
}

/// Packs files of this machine; `list` is for their names, which are only needed meanwhile.
pub(super) fn archive(copied: &BTreeSet<PathBuf>, list: &Path, archive: &Path) -> Result<(), Failure> {
    let files: Vec<String> = copied.iter().map(|path| relative(path).display().to_string()).collect();
    fs::write(list, files.join("\n")).map_err(Failure::file(list))?;
    let create = Call::new("tar").args(["--create", "--no-recursion", "--directory", "/", "--file"]);
    let create = create.args([archive]).args(["--verbatim-files-from", "--files-from"]).args([list]);
    create.output().map(drop)
}

/// Writes files below a folder: path, text and permission bits of each.
pub(super) fn write_files(root: &Path, files: &[(&str, &str, u32)]) -> Result<(), Failure> {
    for (path, text, mode) in files {
        let path = root.join(path);
        make_folder(path.parent().unwrap_or(root))?;
        fs::write(&path, text).map_err(Failure::file(&path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).map_err(Failure::file(&path))?;
    }
    Ok(())
}

/// The files that are not this machine's.
fn write(root: &Path, content: &Content<'_>) -> Result<(), Failure> {
    write_files(root, content.written)?;
    for folder in content.folders {
        make_folder(&root.join(folder))?;
    }
    let temporary = root.join("tmp");
    make_folder(&temporary)?;
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777)).map_err(Failure::file(&temporary))?;
    for folder in ["bin", "lib", "lib64", "sbin"] {
        link(&Path::new("usr").join(folder), &root.join(folder))?;
        make_folder(&root.join("usr").join(folder))?;
    }
    make_folder(&root.join("var"))?;
    // Where D-Bus clients look by default.
    link(Path::new("/run"), &root.join("var/run"))
}

fn link(to: &Path, link: &Path) -> Result<(), Failure> {
    std::os::unix::fs::symlink(to, link).map_err(Failure::file(link))
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file(folder))
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}
