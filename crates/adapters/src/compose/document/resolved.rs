//! The project as Compose reads it from the user's files today.

use std::collections::BTreeMap;

use backout_core::port::PortError;
use serde_json::{Value, json};

use crate::command::CommandError;
use crate::compose::argv;
use crate::compose::options::ComposeOptions;

/// What the files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compose) struct Resolved {
    /// The project, with everything interpolated; empty where the files cannot be read.
    pub(in crate::compose) document: Value,
    /// The hash that Compose would put on the containers of each service.
    pub(in crate::compose) hashes: BTreeMap<String, String>,
}

/// Reads the project. Files that Compose cannot read are no reason to go without a checkpoint of what runs: the document
/// is empty then.
///
/// # Errors
/// Where there is no Docker Compose at all, because nothing could be brought back without it.
pub(in crate::compose) async fn resolve(options: &ComposeOptions, project: &str) -> Result<Resolved, PortError> {
    let nothing = || Resolved { document: json!({ "name": project }), hashes: BTreeMap::new() };
    let document = match argv::config(options).run().await {
        Ok(output) => output.stdout,
        Err(CommandError::Failed { .. } | CommandError::TimedOut { .. }) => {
            argv::version(options).run().await.map_err(without_compose)?;
            return Ok(nothing());
        }
        Err(error) => return Err(error.into()),
    };
    let Ok(parsed) = serde_json::from_slice(&document) else { return Ok(nothing()) };
    // Hashed from the document, and not from the files, because that is what `up` does: the values of `env_file` are in it.
    let hashes = argv::hashes(options, project, document).run().await.map(|output| parse_hashes(&output.text()));
    Ok(Resolved { document: parsed, hashes: hashes.unwrap_or_default() })
}

fn without_compose(error: CommandError) -> PortError {
    PortError::new(format!("Docker Compose cannot be used: {error}"))
        .hint("install Compose v2 as a plugin of the Docker client (https://docs.docker.com/compose/install/)")
}

/// The project's name in a resolved document.
pub(in crate::compose) fn project_name(document: &[u8]) -> Result<String, PortError> {
    let name = serde_json::from_slice::<Value>(document).ok();
    let name = name.as_ref().and_then(|document| document.get("name")?.as_str());
    name.map(str::to_owned).ok_or_else(|| {
        PortError::new("Docker Compose did not say what the project is called")
            .hint("set `project` under `platform: { compose: … }`")
    })
}

/// Lines of a service's name and its hash.
fn parse_hashes(text: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| line.split_once(' ').map(|(name, hash)| (name.to_owned(), hash.trim().to_owned()));
    text.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_by_service() {
        let hashes = parse_hashes("app 1899cf\ndb 2fe517\n");
        assert_eq!(hashes.get("db").map(String::as_str), Some("2fe517"));
        assert_eq!(hashes.len(), 2);
    }

    #[test]
    fn a_document_without_a_name_says_what_to_set() {
        assert_eq!(project_name(br#"{"name":"shop"}"#).unwrap(), "shop");
        assert!(project_name(b"{}").unwrap_err().hint.is_some());
    }
}
