//! What a Compose project is, and where its engine is found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backout_core::id::ServiceName;

use crate::command::Environment;

/// One Compose project.
#[derive(Debug, Clone)]
pub struct ComposeOptions {
    /// The project's name; `None` leaves it to Compose.
    pub project: Option<String>,
    /// The folder that the other paths start from and that `docker compose` runs in; absolute.
    pub folder: PathBuf,
    /// Compose files, in order; empty where Compose finds its own.
    pub files: Vec<String>,
    /// Environment files, in order.
    pub env_files: Vec<String>,
    /// Profiles that are active.
    pub profiles: Vec<String>,
    /// The name in the project of each service; a service that is not in it has its own name there.
    pub services: BTreeMap<ServiceName, String>,
    /// The engine and its client.
    pub docker: DockerOptions,
}

/// The engine and its client.
#[derive(Debug, Clone)]
pub struct DockerOptions {
    /// The client program: `docker`.
    pub program: String,
    /// The engine's address; wins over `context` and over the environment.
    pub host: Option<String>,
    /// The Docker context; wins over the environment.
    pub context: Option<String>,
    /// The environment that the client sees, and that `DOCKER_HOST` and its like are read from.
    pub environment: Environment,
}

impl DockerOptions {
    /// The `docker` that the environment names.
    #[must_use]
    pub fn from_environment(environment: Environment) -> Self {
        Self { program: "docker".to_owned(), host: None, context: None, environment }
    }

    /// A variable of the environment, where it is set, not empty, and text.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(std::ffi::OsStr::new(name))?.to_str().filter(|value| !value.is_empty())
    }
}

impl ComposeOptions {
    /// What the project calls a service.
    pub(super) fn compose_name<'a>(&'a self, service: &'a ServiceName) -> &'a str {
        self.services.get(service).map_or(service.as_str(), String::as_str)
    }

    /// The services that the project calls by this name.
    pub(super) fn services_called<'a>(&'a self, compose_name: &'a str) -> impl Iterator<Item = &'a ServiceName> {
        self.services.iter().filter(move |(_, name)| *name == compose_name).map(|(service, _)| service)
    }

    /// The folder that Compose takes for the project's own: that of the first file.
    pub(super) fn project_folder(&self) -> PathBuf {
        let first = self.files.first().map(|file| self.folder.join(file));
        first.as_deref().and_then(Path::parent).map_or_else(|| self.folder.clone(), Path::to_path_buf)
    }
}
