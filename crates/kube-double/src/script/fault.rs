//! What goes wrong between a client and the API server.

use regex::Regex;
use serde::{Deserialize, Serialize};

/// Strikes the next requests that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Kubernetes' verb (`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`); any where it
    /// is left out.
    #[serde(default)]
    pub verb: Option<String>,
    /// A regular expression that the path (without its query) contains; empty for any.
    #[serde(default)]
    pub path: String,
    /// How many requests it passes over first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it strikes then.
    pub times: u32,
    /// What happens to them.
    pub kind: FaultKind,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// An error with that code and nothing done. 429 and 503 say `Retry-After`, in seconds.
    Answer {
        /// The code: 409, 410, 429, 500, 503, ...
        code: u16,
        /// Seconds to wait.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The connection ends without an answer, and nothing was done.
    Drop,
    /// The connection ends without an answer, and all was done.
    LoseAnswer,
    /// A watch ends after so many events.
    EndWatch {
        /// The events it sends first.
        events: usize,
    },
    /// A watch is told that its revision is gone (410) after so many events.
    ExpireWatch {
        /// The events it sends first.
        events: usize,
    },
    /// The answer comes later.
    Delay {
        /// How much later.
        milliseconds: u64,
    },
}

impl Fault {
    /// Strikes the next `times` requests of that verb (empty for any) whose path contains the expression.
    #[must_use]
    pub fn new(verb: &str, path: &str, times: u32, kind: FaultKind) -> Self {
        let verb = (!verb.is_empty()).then(|| verb.to_owned());
        Self { verb, path: path.to_owned(), skip: 0, times, kind }
    }

    /// Passes over so many requests first.
    #[must_use]
    pub fn skipping(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    fn is_for(&self, verb: &str, path: &str) -> bool {
        let is_path = self.path.is_empty() || Regex::new(&self.path).is_ok_and(|pattern| pattern.is_match(path));
        self.verb.as_deref().is_none_or(|wanted| wanted == verb) && is_path
    }
}

/// The first fault for a request, counted down; those that are used up are dropped.
pub(crate) fn strike(faults: &mut Vec<Fault>, verb: &str, path: &str) -> Option<FaultKind> {
    let fault = faults.iter_mut().find(|fault| fault.times > 0 && fault.is_for(verb, path))?;
    if fault.skip > 0 {
        fault.skip -= 1;
        return None;
    }
    fault.times -= 1;
    let kind = fault.kind.clone();
    faults.retain(|fault| fault.times > 0);
    Some(kind)
}
