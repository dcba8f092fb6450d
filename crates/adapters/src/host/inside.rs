//! Programs and files in the folder of a host service's current version.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use backout_core::id::ServiceName;
use backout_core::port::{Errand, ErrandOutput, Inside, Pending, PortError};

use super::overlaid::Overlaid;
use super::platform::HostPlatform;
use crate::command::Command;

impl Inside for HostPlatform {
    fn run<'a>(&'a self, errand: &'a Errand) -> Pending<'a, Result<ErrandOutput, PortError>> {
        Box::pin(async move {
            let (folder, mut environment, secrets) = self.service(&errand.service)?.place().await?;
            environment.extend(errand.variables.iter().map(|(name, value)| (name.into(), value.into())));
            let overlaid = match &errand.files {
                Some(overlay) => Some(Overlaid::new(&folder, overlay).map_err(|error| {
                    PortError::new(format!("no copy of {} could be made to run in: {error}", folder.display()))
                })?),
                None => None,
            };
            let folder = overlaid.as_ref().map_or(folder.as_path(), Overlaid::folder);
            let (program, arguments) =
                errand.argv.split_first().ok_or_else(|| PortError::new("there is no program to run"))?;
            let command = Command::new(program, &environment).args(arguments).folder(folder).secrets(secrets);
            let output =
                command.limit(errand.limit).output().await.map_err(|error| PortError::new(error.to_string()))?;
            let signalled = || 128 + output.status.signal().unwrap_or_default();
            let code = i64::from(output.status.code().unwrap_or_else(signalled));
            Ok(ErrandOutput { code, stdout: output.stdout, stderr: output.stderr })
        })
    }

    fn fetch<'a>(&'a self, service: &'a ServiceName, folder: &'a str) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async move {
            let (root, ..) = self.service(service)?.place().await?;
            let folder = root.join(folder);
            archived(&folder).map_err(|error| PortError::new(format!("{} cannot be read: {error}", folder.display())))
        })
    }
}

/// The files below a folder as a tar archive, in the order of their names, so that equal folders are equal archives.
fn archived(folder: &Path) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    archive.mode(tar::HeaderMode::Deterministic);
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            match entry.file_name().to_string_lossy().as_ref() {
                ".git" | "node_modules" | "__pycache__" | ".venv" | "venv" => (),
                _ if kind.is_dir() => open.push(entry.path()),
                _ if kind.is_file() => files.push(entry.path()),
                _ => (),
            }
        }
    }
    files.sort();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file);
        archive.append_path_with_name(&file, name)?;
    }
    archive.into_inner()
}
