//! Which version of an Application runs.

use backout_core::id::Digest;
use backout_core::inventory::Version;
use backout_core::port::PortError;
use serde_json::Value;

use super::git::Folder;
use super::request::Target;
use super::{Application, HistoryEntry};

/// What was synced last, and whether something else is half-way there.
///
/// | history | newest operation           | code                          |
/// |---------|----------------------------|-------------------------------|
/// | none    | any                        | `never synced`                |
/// | some    | succeeded, none            | the revisions                 |
/// | some    | under way                  | the revisions, `syncing`      |
/// | some    | failed, same revisions     | the revisions                 |
/// | some    | failed, other revisions    | the revisions, what failed    |
pub(super) fn version(app: &Application) -> Version {
    let Some(newest) = app.history.last() else {
        return Version { code: "never synced".to_owned(), spec: String::new() };
    };
    let mut code = newest.revisions.join(",");
    code.push_str(&unsettled(app, newest));
    Version { code, spec: spec(&newest.sources) }
}

/// What is said beside the version while the cluster may be between two of them.
pub(super) fn unsettled(app: &Application, newest: &HistoryEntry) -> String {
    match &app.operation {
        _ if app.is_busy() => " syncing".to_owned(),
        Some(failed) if failed.has_failed() && !failed.revisions.is_empty() && failed.revisions != newest.revisions => {
            format!(" with {} half-way", failed.revisions.join(","))
        }
        _ => String::new(),
    }
}

/// The digest of sources without the revision that they follow: parameters, values, folders, repositories.
pub(super) fn spec(sources: &Value) -> String {
    let mut sources = sources.clone();
    let several = sources.get_mut("sources").and_then(Value::as_array_mut);
    several.into_iter().flatten().for_each(forget_revision);
    sources.get_mut("source").into_iter().for_each(forget_revision);
    Digest::of(sources.to_string().as_bytes()).short().to_owned()
}

fn forget_revision(source: &mut Value) {
    source.as_object_mut().into_iter().for_each(|source| drop(source.remove("targetRevision")));
}

/// Where the manifests of an Application with one git source are.
///
/// # Errors
/// It has several sources, or a chart for one: a revert in a repository does not bring those back.
pub(super) fn folder(sources: &Value, name: &str, repository: Option<&str>) -> Result<Folder, PortError> {
    let refused = |why: &str| {
        Err(PortError::new(format!("`{name}` cannot go back by a revert: {why}"))
            .hint("leave `revert` out: it then goes back by a rollback, with auto-sync paused"))
    };
    let Some(source) = sources.get("source") else { return refused("it has several sources") };
    let text = |field: &str| source.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("chart").is_some() {
        return refused("its source is a chart, and no folder of a repository");
    }
    let Some(repository) = repository.or(text("repoURL")) else { return refused("it names no repository") };
    let path = text("path").unwrap_or(".").trim_matches('/');
    Ok(Folder { repository: repository.to_owned(), path: path.to_owned() })
}

/// What a way back syncs to.
pub(super) fn target(revisions: &[String], sources: &Value) -> Target {
    Target { revisions: revisions.to_vec(), sources: sources.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn app(state: Value) -> Application {
        let history = json!([{"id": 1, "revision": "aaa", "source": {"repoURL": "r", "targetRevision": "main"}}]);
        let object = json!({"metadata": {"name": "a"}, "status": {"history": history, "operationState": state}});
        Application::of(&serde_json::from_value(object).unwrap())
    }

    fn state(phase: &str, revision: &str, is_over: bool) -> Value {
        let finished = is_over.then_some("2026-01-01T00:00:00Z");
        json!({"phase": phase, "syncResult": {"revision": revision}, "finishedAt": finished})
    }

    #[test]
    fn what_is_half_way_is_another_version() {
        let code = |state: Value| version(&app(state)).code;
        assert_eq!(code(Value::Null), "aaa");
        assert_eq!(code(state("Succeeded", "aaa", true)), "aaa");
        assert_eq!(code(state("Failed", "aaa", true)), "aaa");
        assert_eq!(code(state("Failed", "bbb", true)), "aaa with bbb half-way");
        assert_eq!(code(state("Running", "bbb", false)), "aaa syncing");
    }

    #[test]
    fn parameters_are_part_of_the_version_and_the_branch_is_not() {
        let of = |branch: &str, tag: &str| {
            spec(&json!({"source": {"repoURL": "r", "targetRevision": branch, "helm": {"values": tag}}}))
        };
        assert_eq!(of("main", "1"), of("HEAD", "1"));
        assert_ne!(of("main", "1"), of("main", "2"));
    }

    #[test]
    fn only_a_folder_of_one_repository_is_reverted() {
        let folder = |sources: Value| folder(&sources, "a", None);
        let one = folder(json!({"source": {"repoURL": "r", "path": "apps/a/"}})).unwrap();
        assert_eq!((one.repository.as_str(), one.path.as_str()), ("r", "apps/a"));
        assert!(folder(json!({"source": {"repoURL": "r", "chart": "c"}})).is_err());
        assert!(folder(json!({"sources": [{"repoURL": "r"}]})).is_err());
    }
}
