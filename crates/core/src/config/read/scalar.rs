//! Single values: kept as text until the environment is known, then read as what they should be.

use std::marker::PhantomData;

use serde_json::{Value, json};

use super::node::{Node, NodeValue};
use super::schema::Defs;
use super::shape::{Shape, Sink};
use super::suggest::nearest;
use crate::config::{Problem, ProblemCode, Span};

/// Why a text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Complaint {
    /// The kind of the problem.
    pub(in crate::config) code: ProblemCode,
    /// What is wrong: a predicate for the text (`is not a duration`), or a sentence where the text must not be shown.
    pub(in crate::config) what: String,
    /// Whether the text may be shown before `what`.
    pub(in crate::config) is_predicate: bool,
    /// What to do about it.
    pub(in crate::config) hint: Option<String>,
}

impl Complaint {
    /// The text, quoted, followed by `what`.
    pub(in crate::config) fn about(code: ProblemCode, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), is_predicate: true, hint: None }
    }

    /// A sentence that does not show the text.
    pub(in crate::config) fn hiding(code: ProblemCode, what: impl Into<String>) -> Self {
        Self { is_predicate: false, ..Self::about(code, what) }
    }

    /// The same complaint with what to do about it.
    pub(in crate::config) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The problem that it is, for a text as it was written at a place.
    pub(in crate::config) fn at(self, span: Span, written: &str) -> Problem {
        let message = if self.is_predicate { format!("`{written}` {}", self.what) } else { self.what };
        Problem::error(self.code, span, message).hint(self.hint)
    }
}

/// What a single value can be.
pub(in crate::config) trait Leaf: Sized {
    /// Reads it from text in which variables have been replaced.
    fn parse(text: &str) -> Result<Self, Complaint>;

    /// What a JSON Schema says about it.
    fn accepts() -> Accepts;
}

/// What a JSON Schema says about a single value.
pub(in crate::config) struct Accepts {
    /// JSON types that it may be written as.
    pub(in crate::config) types: &'static [&'static str],
    /// What the text matches, if it is written as text; anything where it is `None`.
    pub(in crate::config) text: Option<String>,
    /// The smallest and the greatest number, if it is written as one.
    pub(in crate::config) range: Option<(u32, u32)>,
}

impl Accepts {
    /// Any text; a number or a truth value counts as its spelling.
    pub(in crate::config) const ANY: Self = Self { types: &["string", "number", "boolean"], text: None, range: None };

    /// Text only.
    pub(in crate::config) fn text(pattern: impl Into<String>) -> Self {
        Self { types: &["string"], text: Some(pattern.into()), range: None }
    }
}

/// One of a few words.
pub(in crate::config) trait Keyword: Copy + 'static {
    /// What it is, for a message: `an action`.
    const WHAT: &'static str;
    /// The words and what they mean.
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Keyword> Leaf for T {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let words = || T::WORDS.iter().map(|(word, _)| *word);
        T::WORDS.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let complaint = Complaint::about(ProblemCode::InvalidValue, format!("is not {}", T::WHAT));
            match nearest(text, words()) {
                Some(word) => complaint.hint(format!("did you mean `{word}`?")),
                None => complaint.hint(format!("write one of `{}`", words().collect::<Vec<_>>().join("`, `"))),
            }
        })
    }

    fn accepts() -> Accepts {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        Accepts::text(format!("^({})$", words.join("|")))
    }
}

/// A single value as it was written.
#[derive(Clone)]
pub(in crate::config) struct Scalar<T> {
    /// The text, variables not yet replaced.
    pub(in crate::config) text: String,
    /// Where it stands.
    pub(in crate::config) span: Span,
    kind: PhantomData<T>,
}

impl<T> std::fmt::Debug for Scalar<T> {
    /// Says where, not what: the text may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a single value at {}:{}", self.span.line, self.span.column)
    }
}

impl<T: Leaf> Shape for Scalar<T> {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            _ if node.is_null() => {
                let message = format!("`{}` has no value", node.name);
                sink.push(Problem::error(ProblemCode::MissingKey, node.label, message));
                None
            }
            NodeValue::Scalar { text, .. } => Some(Self { text: text.clone(), span: node.span, kind: PhantomData }),
            _ => {
                let message = format!("`{}` must be a single value, and is {}", node.name, node.kind());
                sink.push(Problem::error(ProblemCode::WrongType, node.span, message));
                None
            }
        }
    }

    fn schema(_: &mut Defs) -> Value {
        let accepts = T::accepts();
        let mut schema = json!({ "type": accepts.types });
        if let Some(text) = accepts.text {
            schema["pattern"] = json!(format!("{text}|\\$\\{{"));
        }
        if let Some((minimum, maximum)) = accepts.range {
            schema["minimum"] = json!(minimum);
            schema["maximum"] = json!(maximum);
        }
        schema
    }
}
