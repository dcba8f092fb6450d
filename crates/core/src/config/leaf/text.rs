//! Text, words of a command line, regular expressions, and names.

use crate::config::read::{Accepts, Complaint, Leaf};
use crate::config::{ProblemCode, WorkloadKind, WorkloadName};
use crate::id::{EnvironmentName, InvalidName, ProbeName, ServiceName};

/// A regular expression may compile to no more than this, in bytes.
const PATTERN_LIMIT: usize = 1 << 20;

/// A word of a command line; it may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Word(pub(in crate::config) String);

/// A regular expression that compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Pattern(pub(in crate::config) String);

impl Leaf for String {
    fn parse(text: &str) -> Result<Self, Complaint> {
        if text.trim().is_empty() {
            return Err(Complaint::hiding(ProblemCode::InvalidValue, "this is empty"));
        }
        no_null(text)
    }

    fn accepts() -> Accepts {
        Accepts { text: Some(r"\S".to_owned()), ..Accepts::ANY }
    }
}

impl Leaf for Word {
    fn parse(text: &str) -> Result<Self, Complaint> {
        no_null(text).map(Self)
    }

    fn accepts() -> Accepts {
        Accepts::ANY
    }
}

/// No program, file or header takes a null character.
fn no_null(text: &str) -> Result<String, Complaint> {
    if text.contains('\0') {
        return Err(Complaint::hiding(ProblemCode::InvalidValue, "this holds a null character"));
    }
    Ok(text.to_owned())
}

impl Leaf for Pattern {
    fn parse(text: &str) -> Result<Self, Complaint> {
        match regex::RegexBuilder::new(text).size_limit(PATTERN_LIMIT).build() {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(Complaint::about(ProblemCode::InvalidValue, "is too large a regular expression"))
            }
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(Complaint::about(ProblemCode::InvalidValue, format!("is not a regular expression: {why}")))
            }
        }
    }

    fn accepts() -> Accepts {
        Accepts::ANY
    }
}

impl Leaf for WorkloadName {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let found = text.split_once('/').and_then(|(kind, name)| {
            let kind = WorkloadKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
            let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
            let is_one = !name.is_empty() && name.chars().all(is_name);
            is_one.then(|| Self { kind, name: name.to_owned() })
        });
        found.ok_or_else(|| {
            let hint = "write `deployment/NAME`, or `statefulset`, `daemonset` or `rollout` with its name";
            Complaint::about(ProblemCode::InvalidValue, "is not a workload").hint(hint)
        })
    }

    fn accepts() -> Accepts {
        Accepts::text("^(deployment|statefulset|daemonset|rollout)/[a-z0-9.-]+$")
    }
}

/// What is wrong with a name, without the name.
fn bad_name(error: &InvalidName) -> Complaint {
    let what = format!("is not a valid {}: {}", error.what, error.why);
    let hint = "use letters, digits, `-` and `_`, starting with a letter or a digit";
    Complaint::about(ProblemCode::InvalidName, what).hint(hint)
}

fn name_pattern() -> Accepts {
    Accepts { text: Some("^[A-Za-z0-9][A-Za-z0-9._-]*$".to_owned()), ..Accepts::ANY }
}

impl Leaf for ServiceName {
    fn parse(text: &str) -> Result<Self, Complaint> {
        Self::new(text).map_err(|error| bad_name(&error))
    }

    fn accepts() -> Accepts {
        name_pattern()
    }
}

impl Leaf for ProbeName {
    fn parse(text: &str) -> Result<Self, Complaint> {
        Self::new(text).map_err(|error| bad_name(&error))
    }

    fn accepts() -> Accepts {
        name_pattern()
    }
}

impl Leaf for EnvironmentName {
    fn parse(text: &str) -> Result<Self, Complaint> {
        Self::new(text).map_err(|error| bad_name(&error))
    }

    fn accepts() -> Accepts {
        name_pattern()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_does_not_compile_says_why() {
        let complaint = Pattern::parse("(ok").unwrap_err();
        assert_eq!(complaint.what, "is not a regular expression: unclosed group");
        assert!(Pattern::parse("(((a{100}){100}){100})").is_err());
        assert!(Pattern::parse("^ok$").is_ok());
    }
}
