//! The tree that is installed: the program, and what it writes about itself.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// Where each shell of Debian's looks for the completions of `backout`.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/backout"),
    ("zsh", "usr/share/zsh/vendor-completions/_backout"),
    ("fish", "usr/share/fish/vendor_completions.d/backout.fish"),
];

/// Fills a folder with everything that belongs to `/`.
pub(super) fn write(program: &Path, root: &Path) -> Result<(), Failure> {
    let installed = root.join("usr/bin/backout");
    copy(program, &installed)?;
    Call::new("strip").args(["--strip-debug"]).args([&installed]).output()?;
    for (shell, file) in COMPLETIONS {
        let file = root.join(file);
        make_folder_of(&file)?;
        let script = Call::new(&installed).args(["completions", shell]).output()?;
        fs::write(&file, script).map_err(Failure::file(&file))?;
    }
    let pages = root.join("usr/share/man/man1");
    Call::new(&installed).args(["man"]).args([&pages]).output()?;
    let documents = root.join("usr/share/doc/backout");
    for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&workspace::root().join(file), &documents.join(file))?;
    }
    let units = workspace::root().join("packaging/systemd");
    for unit in files(&units)? {
        copy(&units.join(&unit), &root.join("usr/lib/systemd/system").join(&unit))?;
    }
    for page in files(&pages)? {
        // Without its name and time, so that the same page gives the same bytes.
        Call::new("gzip").args(["-9", "--no-name"]).args([pages.join(page)]).output()?;
    }
    Ok(())
}

/// The names of the files in a folder, in order.
pub(super) fn files(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::file(folder))?.flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Copies a file, with the folders on the way to it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    make_folder_of(to)?;
    fs::copy(from, to).map(drop).map_err(Failure::file(from))
}

fn make_folder_of(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).map_err(Failure::file(folder))
}
