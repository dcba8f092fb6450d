//! Docker contexts: named addresses that the Docker client keeps under its folder, read from there.

use std::path::{Path, PathBuf};

use backout_core::port::PortError;
use serde_json::Value;

use super::endpoint::Endpoint;
use crate::compose::options::DockerOptions;

/// The context that is no context.
const DEFAULT: &str = "default";

/// The folder of the Docker client's own files.
pub(super) fn docker_folder(options: &DockerOptions) -> Option<PathBuf> {
    match options.variable("DOCKER_CONFIG") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => options.variable("HOME").map(|home| Path::new(home).join(".docker")),
    }
}

/// The context that the user has chosen with `docker context use`.
pub(super) fn current(options: &DockerOptions) -> Option<String> {
    let config = read_json(&docker_folder(options)?.join("config.json"))?;
    config.get("currentContext")?.as_str().filter(|name| !name.is_empty() && *name != DEFAULT).map(str::to_owned)
}

/// The address that a context names.
pub(super) fn endpoint(options: &DockerOptions, name: &str) -> Result<Endpoint, PortError> {
    if name == DEFAULT {
        return Endpoint::parse("unix:///var/run/docker.sock", None);
    }
    let folder = docker_folder(options).map(|folder| folder.join("contexts"));
    let found = folder.as_deref().and_then(|folder| find(folder, name));
    let missing = || {
        PortError::new(format!("there is no Docker context `{name}`")).hint("`docker context ls` lists those there are")
    };
    let (host, certificates) = found.ok_or_else(missing)?;
    Endpoint::parse(&host, certificates)
}

/// The address of a context, and the folder of its certificates if it has any.
fn find(contexts: &Path, name: &str) -> Option<(String, Option<PathBuf>)> {
    for entry in std::fs::read_dir(contexts.join("meta")).ok()?.flatten() {
        let Some(meta) = read_json(&entry.path().join("meta.json")) else { continue };
        if meta.get("Name").and_then(Value::as_str) != Some(name) {
            continue;
        }
        let host = meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned();
        let certificates = contexts.join("tls").join(entry.file_name()).join("docker");
        return Some((host, certificates.join("ca.pem").is_file().then_some(certificates)));
    }
    None
}

fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Environment;

    #[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
    fn write(path: &Path, content: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn folder_with_context() -> (tempfile::TempDir, DockerOptions) {
        let folder = tempfile::tempdir().unwrap();
        let meta = r#"{"Name":"prod","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://10.1.1.1:2376","SkipTLSVerify":false}}}"#;
        write(&folder.path().join("contexts/meta/abc123/meta.json"), meta);
        write(&folder.path().join("contexts/tls/abc123/docker/ca.pem"), "");
        let environment = Environment::from([("DOCKER_CONFIG".into(), folder.path().into())]);
        (folder, DockerOptions::from_environment(environment))
    }

    #[test]
    fn a_context_brings_its_address_and_certificates() {
        let (folder, mut options) = folder_with_context();
        options.context = Some("prod".to_owned());
        let certificates = folder.path().join("contexts/tls/abc123/docker");
        let expected = Endpoint::Tls { address: "10.1.1.1:2376".to_owned(), certificates };
        assert_eq!(Endpoint::find(&options).unwrap(), expected);
    }

    #[test]
    fn the_chosen_context_is_used_unless_an_address_is_in_the_environment() {
        let (folder, mut options) = folder_with_context();
        write(&folder.path().join("config.json"), r#"{"currentContext":"prod"}"#);
        assert!(matches!(Endpoint::find(&options).unwrap(), Endpoint::Tls { .. }));
        options.environment.insert("DOCKER_HOST".into(), "unix:///x".into());
        assert_eq!(Endpoint::find(&options).unwrap(), Endpoint::Unix("/x".to_owned()));
    }

    #[test]
    fn a_context_that_does_not_exist_is_an_error_and_not_the_local_engine() {
        let (_folder, mut options) = folder_with_context();
        options.context = Some("staging".to_owned());
        assert!(Endpoint::find(&options).unwrap_err().what.contains("`staging`"));
    }
}
