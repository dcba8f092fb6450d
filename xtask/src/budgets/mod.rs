//! Keeps files, functions and folders small, and banned names and marks out.
//!
//! | what | told | fails |
//! |---|---|---|
//! | lines of a file, without its tests | over 300 | over 500 |
//! | lines of a file of tests | | over 800 |
//! | lines of a function, from its name to its closing brace | over 40 (not in tests) | over 60 |
//! | parameters of a function, the receiver included | | over 5 |
//! | Rust files in a folder, `mod.rs` aside | | over 12 |
//! | files and folders named after no noun, leftover marks, silenced lints | | any |

mod names;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::workspace;

/// One thing over its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether it fails the check or is only told.
    pub(crate) weight: Weight,
    /// The line, if it has one.
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Told,
    Fails,
}

impl Finding {
    pub(crate) fn fails(line: impl Into<Option<usize>>, message: String) -> Self {
        Self { weight: Weight::Fails, line: line.into(), message }
    }

    pub(crate) fn told(line: impl Into<Option<usize>>, message: String) -> Self {
        Self { weight: Weight::Told, line: line.into(), message }
    }
}

const FILES_IN_A_FOLDER: usize = 12;

/// `cargo xtask budgets`
pub(crate) fn command() -> Result<(), Failure> {
    let files = rust_files(workspace::root())?;
    let mut failures = 0;
    let mut show = |path: &Path, finding: &Finding| {
        let path = path.strip_prefix(workspace::root()).unwrap_or(path).display();
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let label = match finding.weight {
            Weight::Told => "warning",
            Weight::Fails => "error",
        };
        failures += usize::from(finding.weight == Weight::Fails);
        println!("{label}: {path}{line}: {}", finding.message);
    };
    for file in &files {
        let text = fs::read_to_string(file).map_err(Failure::file(file))?;
        let relative = file.strip_prefix(workspace::root()).unwrap_or(file);
        names::check(relative).iter().chain(&source::check(relative, &text)).for_each(|finding| show(file, finding));
    }
    for (folder, count) in files_in_folders(&files).into_iter().filter(|(_, count)| *count > FILES_IN_A_FOLDER) {
        let message =
            format!("{count} Rust files; make a folder of those that belong together ({FILES_IN_A_FOLDER} at most)");
        show(folder, &Finding::fails(None, message));
    }
    match failures {
        0 => {
            println!("budgets: {} files are within them", files.len());
            Ok(())
        }
        count => Err(Failure::Check(format!("{count} things are over budget"))),
    }
}

/// Every Rust file of the workspace, sorted; build folders and hidden ones aside.
pub(crate) fn rust_files(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Failure::file(&folder))? {
            let path = entry.map_err(Failure::file(&folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn files_in_folders(files: &[PathBuf]) -> BTreeMap<&Path, usize> {
    let mut counts = BTreeMap::new();
    for file in files.iter().filter(|file| !file.ends_with("mod.rs")) {
        if let Some(folder) = file.parent() {
            *counts.entry(folder).or_default() += 1;
        }
    }
    counts
}
