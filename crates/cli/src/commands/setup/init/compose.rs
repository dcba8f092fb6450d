//! Compose projects: found by their file names, and understood by `docker compose config`, which knows interpolation, merging
//! and defaults. Where it cannot be asked, the names of the services are read from the text.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use backout_adapters::command::Command;
use serde::{Deserialize, Serialize};

use crate::wire::Process;

/// The names that Compose looks for by itself, the first one wins; each with the name of its override.
const FILES: [(&str, &str); 4] = [
    ("compose.yaml", "compose.override.yaml"),
    ("compose.yml", "compose.override.yml"),
    ("docker-compose.yml", "docker-compose.override.yml"),
    ("docker-compose.yaml", "docker-compose.override.yaml"),
];
/// How long `docker compose config` may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A Compose project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct ComposeFound {
    /// The project's name.
    pub(super) project: Option<String>,
    /// Its files, in order.
    pub(super) files: Vec<String>,
    /// Environment files beside them.
    pub(super) env_files: Vec<String>,
    /// Its services.
    pub(super) services: Vec<ComposeService>,
    /// Why `docker compose config` could not be asked.
    pub(super) unasked: Option<String>,
}

/// One service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct ComposeService {
    pub(super) name: String,
    pub(super) image: Option<String>,
    pub(super) depends_on: Vec<String>,
    /// Published TCP ports: on the host, and inside.
    pub(super) ports: Vec<(u16, u16)>,
    /// Regular files that are mounted, relative to the folder.
    pub(super) config_files: Vec<String>,
}

#[derive(Deserialize)]
struct Resolved {
    name: Option<String>,
    #[serde(default)]
    services: BTreeMap<String, ResolvedService>,
}

#[derive(Deserialize)]
struct ResolvedService {
    image: Option<String>,
    #[serde(default)]
    depends_on: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    ports: Vec<ResolvedPort>,
    #[serde(default)]
    volumes: Vec<ResolvedVolume>,
}

#[derive(Deserialize)]
struct ResolvedPort {
    target: Option<u16>,
    published: Option<serde_json::Value>,
    protocol: Option<String>,
}

#[derive(Deserialize)]
struct ResolvedVolume {
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
}

/// Looks for a project in a folder.
pub(super) async fn find(folder: &Path, process: &Process) -> Option<ComposeFound> {
    let (first, second) = FILES.into_iter().find(|(name, _)| folder.join(name).is_file())?;
    let is_there = |name: &&str| folder.join(name).is_file();
    let files: Vec<String> = [first, second].into_iter().filter(is_there).map(str::to_owned).collect();
    let env_files: Vec<String> = [".env"].into_iter().filter(is_there).map(str::to_owned).collect();
    let found = match ask(folder, process).await {
        Ok(text) => understood(&text, folder),
        Err(why) => Err(why),
    };
    let found = found.unwrap_or_else(|why| ComposeFound {
        services: files.iter().flat_map(|file| names_in(&folder.join(file))).collect(),
        unasked: Some(why),
        ..ComposeFound::default()
    });
    Some(ComposeFound { files, env_files, ..found })
}

async fn ask(folder: &Path, process: &Process) -> Result<Vec<u8>, String> {
    let command = Command::new("docker", &process.variables)
        .args(["compose", "config", "--format", "json"])
        .folder(folder)
        .limit(LIMIT);
    let output = command.run().await.map_err(|error| error.to_string())?;
    Ok(output.stdout)
}

fn understood(text: &[u8], folder: &Path) -> Result<ComposeFound, String> {
    let resolved: Resolved = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let services = resolved.services.into_iter().map(|(name, service)| service.found(name, folder));
    Ok(ComposeFound { project: resolved.name, services: services.collect(), ..ComposeFound::default() })
}

impl ResolvedService {
    fn found(self, name: String, folder: &Path) -> ComposeService {
        let below = |volume: &ResolvedVolume| {
            let source = Path::new(volume.source.as_deref()?);
            let is_file = volume.kind.as_deref() == Some("bind") && source.is_file();
            is_file.then(|| source.strip_prefix(folder).ok()?.to_str().map(str::to_owned)).flatten()
        };
        ComposeService {
            name,
            image: self.image,
            depends_on: self.depends_on.into_keys().collect(),
            ports: self.ports.iter().filter_map(ResolvedPort::published).collect(),
            config_files: self.volumes.iter().filter_map(below).collect(),
        }
    }
}

impl ResolvedPort {
    /// A published TCP port; a range has no single number and is left out.
    fn published(&self) -> Option<(u16, u16)> {
        let published = match self.published.as_ref()? {
            serde_json::Value::String(text) => text.parse().ok()?,
            number => u16::try_from(number.as_u64()?).ok()?,
        };
        let is_tcp = self.protocol.as_deref().is_none_or(|protocol| protocol == "tcp");
        (is_tcp && published != 0).then_some((published, self.target?))
    }
}

/// The names of the services in the text of a Compose file: the first keys below `services:`.
fn names_in(file: &Path) -> Vec<ComposeService> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let body = text.lines().skip_while(|line| line.trim_end() != "services:").skip(1);
    let below = body.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let keys: Vec<(usize, &str)> = below.filter_map(key).collect();
    let Some(indent) = keys.first().map(|(indent, _)| *indent) else { return Vec::new() };
    let names = keys.into_iter().filter(|(of_key, _)| *of_key == indent);
    names.map(|(_, name)| ComposeService { name: name.to_owned(), ..ComposeService::default() }).collect()
}

/// A key with its indentation, if the line has one.
fn key(line: &str) -> Option<(usize, &str)> {
    let trimmed = line.trim_start();
    let (name, _) = trimmed.split_once(':')?;
    let name = name.trim_matches(['"', '\'']);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    is_name.then_some((line.len() - trimmed.len(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_ports_dependencies_and_mounted_files_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.toml");
        std::fs::File::create(&file).unwrap();
        let text = serde_json::json!({ "name": "shop", "services": { "app": {
            "image": "shop/app:1",
            "depends_on": { "db": { "condition": "service_started" } },
            "ports": [
                { "target": 80, "published": "8080", "protocol": "tcp" },
                { "target": 53, "published": "53", "protocol": "udp" },
                { "target": 81, "published": "8081-8089", "protocol": "tcp" },
                { "target": 82 },
            ],
            "volumes": [
                { "type": "bind", "source": file },
                { "type": "bind", "source": folder.path() },
                { "type": "bind", "source": "/etc/hostname" },
                { "type": "volume", "source": "data" },
            ],
        } } });
        let found = understood(text.to_string().as_bytes(), folder.path()).unwrap();
        assert_eq!(found.project.as_deref(), Some("shop"));
        let app = &found.services[0];
        assert_eq!(
            (app.ports.as_slice(), app.depends_on.as_slice()),
            ([(8080, 80)].as_slice(), ["db".to_owned()].as_slice())
        );
        assert_eq!(app.config_files, ["app.toml"]);
    }

    #[test]
    fn names_are_read_from_the_text_where_nobody_can_be_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("compose.yaml");
        let text = "name: shop\nservices:\n  # the web\n  web:\n    image: a\n    environment:\n      A: b\n\n  \"db\":\n    \
                    image: c\nvolumes:\n  data: {}\n";
        backout_engine::durable::create(&file, text.as_bytes(), 0o644).unwrap();
        let names: Vec<String> = names_in(&file).into_iter().map(|service| service.name).collect();
        assert_eq!(names, ["web", "db"]);
    }
}
