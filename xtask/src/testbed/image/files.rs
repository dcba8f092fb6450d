//! Files of this machine, under the paths that they have where `/bin`, `/lib` and their like are links into `/usr`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::Call;

/// Programs with the libraries that they load, and those that a Rust program loads.
pub(super) fn with_libraries(programs: &[PathBuf]) -> Result<BTreeSet<PathBuf>, Failure> {
    let this = std::env::current_exe().map_err(Failure::file(Path::new("the running program")))?;
    let told = Call::new("ldd").args(programs).args([&this]).output()?;
    let mut files = links_and_targets(programs)?;
    files.extend(links_and_targets(&libraries(&told))?);
    Ok(files)
}

/// The paths that `ldd` names: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`, or the loader's alone.
fn libraries(told: &str) -> Vec<PathBuf> {
    let is_program = |line: &&str| line.ends_with(':');
    let words = told.lines().filter(|line| !is_program(line)).flat_map(str::split_whitespace);
    words.filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// Each file, and, where it is a link, everything that it leads through.
pub(super) fn links_and_targets(paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    for path in paths {
        let mut next = Some(path.clone());
        while let Some(path) = next {
            let folder = path.parent().unwrap_or(Path::new("/"));
            let folder = fs::canonicalize(folder).map_err(Failure::file(folder))?;
            let real = folder.join(path.file_name().unwrap_or_default());
            next = fs::read_link(&real).ok().map(|target| folder.join(target));
            // A link that leads to itself is found once.
            if !found.insert(real) {
                break;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_named_with_their_paths() {
        let told = "/bin/sh:\n\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x00007f)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        assert_eq!(libraries(told), ["/lib/x/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from));
    }

    #[test]
    fn a_link_comes_with_what_it_leads_to() {
        let folder = std::env::temp_dir().join(format!("backout-xtask-links-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("real"), "").unwrap();
        std::os::unix::fs::symlink("real", folder.join("link")).unwrap();
        let found = links_and_targets(&[folder.join("link")]).unwrap();
        let real = fs::canonicalize(&folder).unwrap();
        assert_eq!(found, BTreeSet::from([real.join("link"), real.join("real")]));
        fs::remove_dir_all(&folder).unwrap();
    }
}
