//! What is found in a folder.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::cluster::{self, ClusterFound};
use super::compose::{self, ComposeFound};
use super::host::{self, HostFound};
use super::migrations::{self, Migrations};
use super::names::name_of;
use crate::wire::Process;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Findings {
    /// The folder looked into.
    pub(super) folder: PathBuf,
    /// What to call the project.
    pub(super) project: String,
    /// A Compose project.
    pub(super) compose: Option<ComposeFound>,
    /// What runs on the cluster of the current context; looked at where there is no Compose project.
    pub(super) cluster: Option<ClusterFound>,
    /// What a plain host would need.
    pub(super) host: HostFound,
    /// Tools that change a database's schema.
    pub(super) migrations: Vec<Migrations>,
}

/// Looks. Nothing is changed, and nothing is asked but `docker compose config`, and the cluster where there is none.
pub(super) async fn find(folder: &Path, process: &Process) -> Findings {
    let compose = compose::find(folder, process).await;
    let cluster = if compose.is_none() { cluster::find(folder, process).await } else { None };
    let named = compose.as_ref().and_then(|compose| compose.project.clone());
    let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    Findings {
        folder: folder.to_owned(),
        project: name_of(&named.or(folder_name).unwrap_or_default()),
        compose,
        cluster: cluster.filter(|cluster| cluster.has_something()),
        host: host::find(folder, &host::UNIT_FOLDERS.map(Path::new)),
        migrations: migrations::find(folder),
    }
}

impl Findings {
    /// Whether there is anything that can go back. Units alone run something, and say nothing of its versions.
    pub(super) fn has_something(&self) -> bool {
        let has_services = self.compose.as_ref().is_some_and(|compose| !compose.services.is_empty());
        has_services || self.cluster.is_some() || self.host.is_git || self.host.has_releases
    }

    /// What was found, one line each.
    pub(super) fn in_words(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(compose) = &self.compose {
            let names: Vec<&str> = compose.services.iter().map(|service| service.name.as_str()).collect();
            lines.push(format!("{} with the services {}", compose.files.join(" and "), names.join(", ")));
            lines.extend(
                compose
                    .unasked
                    .iter()
                    .map(|why| format!("`docker compose config` could not be asked, so only names were read: {why}")),
            );
            lines.extend(compose.env_files.iter().map(|file| format!("{file}, which goes back with the images")));
            let files: Vec<&str> =
                compose.services.iter().flat_map(|service| &service.config_files).map(String::as_str).collect();
            if !files.is_empty() {
                lines.push(format!("configuration files that are mounted: {}", files.join(", ")));
            }
        }
        lines.extend(self.cluster.iter().flat_map(ClusterFound::in_words));
        if self.host.has_releases {
            lines.push("release folders: `releases/` with the link `current`".to_owned());
        }
        if self.host.is_git {
            lines.push("a git work tree".to_owned());
        }
        if !self.host.units.is_empty() {
            lines.push(format!("systemd units that name this folder: {}", self.host.units.join(", ")));
        }
        lines.extend(
            self.migrations.iter().map(|found| format!("database migrations of {} ({})", found.tool, found.path)),
        );
        lines
    }
}
