//! What the user's commands print, as values. Pure.
//!
//! Contract: fields that are not known are passed over, so that a command may print more than is asked; another version of
//! the contract is refused, because its known fields may mean something else.

use backout_core::id::ServiceName;
use backout_core::inventory::{
    Artifact, Detail, ExecArtifact, Health, Instance, InstanceState, Running, Seen, Version,
};
use backout_core::port::Preflight;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::question::CONTRACT;

/// How much of an answer that could not be understood is quoted, in characters.
const QUOTED: usize = 120;

/// What `observe` prints.
#[derive(Debug, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Observed {
    Present(There),
    Absent,
    Unknown { why: Option<String> },
}

#[derive(Debug, Deserialize)]
pub(crate) struct There {
    code: String,
    #[serde(default)]
    spec: String,
    label: Option<String>,
    wanted: Option<u32>,
    instances: Option<Vec<One>>,
}

#[derive(Debug, Deserialize)]
struct One {
    id: String,
    name: Option<String>,
    state: State,
    #[serde(default = "unchecked")]
    health: Health,
    code: Option<String>,
    spec: Option<String>,
    exit_code: Option<i64>,
    #[serde(default)]
    out_of_memory: bool,
    #[serde(default)]
    restarts: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Created,
    Running,
    Restarting,
    Paused,
    Exited,
}

fn unchecked() -> Health {
    Health::Unchecked
}

/// What `capture` prints.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    #[serde(default)]
    is: Presence,
    code: Option<String>,
    #[serde(default)]
    spec: String,
    label: Option<String>,
    replicas: Option<u32>,
    #[serde(default)]
    state: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Presence {
    #[default]
    Present,
    Absent,
}

/// What `preflight` prints, if it prints anything.
#[derive(Debug, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Ready {
    Present,
    Fetched { from: Option<String> },
    Gone { why: Option<String> },
    Unknown { why: Option<String> },
}

/// Reads an answer.
///
/// # Errors
/// In words: not JSON, another version, a field that is missing or means nothing; with where, and how the answer begins.
pub(crate) fn read<T: DeserializeOwned>(printed: &[u8]) -> Result<T, String> {
    let begins = || {
        let text = String::from_utf8_lossy(printed);
        match text.trim() {
            "" => "it printed nothing".to_owned(),
            text => format!("it printed `{}`", text.chars().take(QUOTED).collect::<String>()),
        }
    };
    let value: Value = serde_json::from_slice(printed).map_err(|error| format!("{error}; {}", begins()))?;
    match value.get("version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(CONTRACT) => (),
        Some(version) => return Err(format!("it speaks version {version} of the contract, and this is version 1")),
        None => return Err(format!("the field `version` is missing; {}", begins())),
    }
    serde_json::from_value(value).map_err(|error| format!("{error}; {}", begins()))
}

impl Observed {
    pub(crate) fn seen(self, service: &ServiceName) -> Seen {
        match self {
            Self::Absent => Seen::Absent,
            Self::Unknown { why } => {
                Seen::Unknown { why: why.unwrap_or_else(|| format!("`observe` of `{service}` does not know")) }
            }
            Self::Present(there) => Seen::Present(there.running(service)),
        }
    }
}

impl Recorded {
    /// The artifact; `None` where the service is not there.
    ///
    /// # Errors
    /// In words: a service that is there has no code.
    pub(crate) fn artifact(self, service: &ServiceName) -> Result<Option<Artifact>, String> {
        if self.is == Presence::Absent {
            return Ok(None);
        }
        let code = self.code.ok_or("missing field `code`")?;
        Ok(Some(Artifact {
            service: service.clone(),
            label: self.label.unwrap_or_else(|| code.clone()),
            version: Version { code, spec: self.spec },
            replicas: self.replicas.unwrap_or(1),
            files: Vec::new(),
            detail: Detail::Exec(ExecArtifact { state: self.state }),
        }))
    }
}

impl There {
    fn running(self, service: &ServiceName) -> Running {
        let version = Version { code: self.code, spec: self.spec };
        let label = self.label.unwrap_or_else(|| version.code.clone());
        let mut instances: Vec<Instance> = match self.instances {
            Some(instances) => instances.into_iter().map(|one| one.instance(&version)).collect(),
            None => vec![One::of(service).instance(&version)],
        };
        instances.sort_by(|a, b| a.name.cmp(&b.name));
        let wanted = self.wanted.unwrap_or_else(|| u32::try_from(instances.len()).unwrap_or(u32::MAX).max(1));
        Running { label, wanted, instances, unready: Vec::new(), trouble: None, busy: None, next: None }
    }
}

impl One {
    /// The one instance of a service that lists none.
    fn of(service: &ServiceName) -> Self {
        Self {
            id: service.to_string(),
            name: None,
            state: State::Running,
            health: Health::Unchecked,
            code: None,
            spec: None,
            exit_code: None,
            out_of_memory: false,
            restarts: 0,
        }
    }

    fn instance(self, version: &Version) -> Instance {
        let state = match self.state {
            State::Created => InstanceState::Created,
            State::Running => InstanceState::Running,
            State::Restarting => InstanceState::Restarting,
            State::Paused => InstanceState::Paused,
            State::Exited => {
                InstanceState::Exited { code: self.exit_code.unwrap_or(-1), out_of_memory: self.out_of_memory }
            }
        };
        let version = Version {
            code: self.code.unwrap_or_else(|| version.code.clone()),
            spec: self.spec.unwrap_or_else(|| version.spec.clone()),
        };
        let name = self.name.unwrap_or_else(|| self.id.clone());
        Instance { id: self.id, name, version, state, health: self.health, since: None, restarts: self.restarts }
    }
}

impl Ready {
    pub(crate) fn preflight(self) -> Preflight {
        let why = |why: Option<String>| why.unwrap_or_else(|| "`preflight` gave no reason".to_owned());
        match self {
            Self::Present => Preflight::Present,
            Self::Fetched { from } => {
                Preflight::Fetched { from: from.unwrap_or_else(|| "where `preflight` knows".to_owned()) }
            }
            Self::Gone { why: given } => Preflight::Gone { why: why(given) },
            Self::Unknown { why: given } => Preflight::Unknown { why: why(given) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Result<Seen, String> {
        read::<Observed>(text.as_bytes()).map(|observed| observed.seen(&ServiceName::new("legacy").unwrap()))
    }

    #[test]
    fn unknown_fields_are_passed_over() {
        let Ok(Seen::Present(running)) = seen(r#"{"version":1,"is":"present","code":"v1","colour":"blue"}"#) else {
            panic!("not present")
        };
        assert!(running.is_well());
        assert_eq!((running.label.as_str(), running.instances[0].id.as_str()), ("v1", "legacy"));
    }

    #[test]
    fn instances_may_run_other_versions_and_have_ended() {
        let text = r#"{"version":1,"is":"present","code":"v1","wanted":3,"instances":[
            {"id":"b","state":"exited","exit_code":7},{"id":"a","state":"running","code":"v2","health":"unhealthy"}]}"#;
        let Ok(Seen::Present(running)) = seen(text) else { panic!("not present") };
        assert_eq!(running.instances[0].version.code, "v2");
        assert_eq!(running.instances[1].state, InstanceState::Exited { code: 7, out_of_memory: false });
        assert_eq!((running.wanted, running.version()), (3, None));
    }

    #[test]
    fn what_cannot_be_understood_is_quoted_with_where() {
        for (text, words) in [
            ("", "it printed nothing"),
            ("Segmentation fault", "line 1 column 1; it printed `Segmentation fault`"),
            (r#"{"is":"absent"}"#, "`version` is missing"),
            (r#"{"version":2,"is":"absent"}"#, "speaks version 2"),
            (r#"{"version":1,"is":"present"}"#, "missing field `code`"),
            (r#"{"version":1,"is":"gone"}"#, "unknown variant `gone`"),
        ] {
            let error = seen(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_capture_without_a_code_is_not_understood() {
        let service = ServiceName::new("legacy").unwrap();
        let recorded = |text: &str| read::<Recorded>(text.as_bytes()).unwrap().artifact(&service);
        assert!(recorded(r#"{"version":1,"label":"x"}"#).unwrap_err().contains("`code`"));
        assert_eq!(recorded(r#"{"version":1,"is":"absent"}"#), Ok(None));
        let artifact = recorded(r#"{"version":1,"code":"v1","state":[1]}"#).unwrap().unwrap();
        assert_eq!((artifact.label.as_str(), artifact.replicas), ("v1", 1));
    }

    #[test]
    fn a_long_answer_is_cut() {
        assert!(seen(&"x".repeat(10_000)).unwrap_err().len() < 300);
    }
}
