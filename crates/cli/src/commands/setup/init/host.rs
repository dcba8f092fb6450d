//! What a plain host would need: a git work tree or release folders, and the units that run what is in them.

use std::path::Path;

use serde::Serialize;

/// Where people put their own units.
pub(super) const UNIT_FOLDERS: [&str; 2] = ["/etc/systemd/system", "/usr/local/lib/systemd/system"];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct HostFound {
    /// The folder is a git work tree.
    pub(super) is_git: bool,
    /// The folder has `releases/`, and `current` is a link.
    pub(super) has_releases: bool,
    /// Units that name the folder.
    pub(super) units: Vec<String>,
}

/// Looks for them.
pub(super) fn find(folder: &Path, unit_folders: &[&Path]) -> HostFound {
    let mut units: Vec<String> = unit_folders.iter().flat_map(|units| units_that_name(folder, units)).collect();
    units.sort();
    units.dedup();
    HostFound {
        is_git: folder.join(".git").exists(),
        has_releases: folder.join("releases").is_dir() && folder.join("current").is_symlink(),
        units,
    }
}

fn units_that_name(folder: &Path, units: &Path) -> Vec<String> {
    let Some(folder) = folder.to_str().filter(|folder| folder.len() > 1) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(units) else { return Vec::new() };
    let is_named = |entry: &std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        text.lines().filter(|line| !line.starts_with(['#', ';'])).any(|line| names(line, folder))
    };
    let of_services = entries.flatten().filter(|entry| entry.path().extension().is_some_and(|e| e == "service"));
    of_services.filter(is_named).filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a line has the folder in it, and not one whose name only begins so.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let next = line[at + folder.len()..].chars().next();
        next.is_none_or(|c| c == '/' || c.is_whitespace() || "\"':;,".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use backout_engine::durable;

    use super::*;

    #[test]
    fn units_are_found_by_the_folder_they_name() {
        let (folder, units) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = folder.path().to_str().unwrap();
        let unit =
            |name: &str, text: String| durable::create(&units.path().join(name), text.as_bytes(), 0o644).unwrap();
        unit("web.service", format!("[Service]\nWorkingDirectory={path}\n"));
        unit("worker.service", format!("[Service]\nExecStart={path}/bin/worker\n"));
        unit("other.service", format!("[Service]\nWorkingDirectory={path}-old\n# {path}\n"));
        unit("web.timer", format!("[Service]\nWorkingDirectory={path}\n"));
        let found = find(folder.path(), &[units.path()]);
        assert_eq!(found.units, ["web.service", "worker.service"]);
        assert!(!found.is_git && !found.has_releases);
    }
}
