//! What resolving has at hand: the environment's variables, and the problems found so far.

use super::interpolate::interpolate;
use crate::config::raw::Argv;
use crate::config::read::{Any, Field, Leaf, List, Node, NodeValue, OneOrMany, Scalar};
use crate::config::{Problem, ProblemCode, SecretOrText, Span};
use crate::id::InvalidName;

/// Resolving, under way.
pub(super) struct Context<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    /// What has been found.
    pub(super) problems: Vec<Problem>,
}

impl<'a> Context<'a> {
    /// Starts with no problems.
    pub(super) fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { environment, problems: Vec::new() }
    }

    /// Reports an error.
    pub(super) fn error(&mut self, code: ProblemCode, span: Span, message: String, hint: impl Into<Option<String>>) {
        self.problems.push(Problem::error(code, span, message).hint(hint));
    }

    /// Reports that settings exclude each other, or need one another.
    pub(super) fn contradiction(&mut self, span: Span, message: String, hint: impl Into<Option<String>>) {
        self.error(ProblemCode::Contradiction, span, message, hint);
    }

    /// Whether exactly one of some keys is there; reports none and more than one. `what` is the mapping, `keys` are all its
    /// keys, for the hint.
    pub(super) fn has_one(&mut self, at: Span, given: &[Option<Span>], what: &str, keys: &str) -> bool {
        let given: Vec<Span> = given.iter().copied().flatten().collect();
        match given.iter().max() {
            Some(_) if given.len() == 1 => return true,
            None => self.contradiction(at, format!("`{what}` is empty"), format!("write one of {keys}")),
            Some(last) => {
                self.contradiction(*last, format!("the keys of `{what}` exclude each other"), "keep one".to_owned())
            }
        }
        false
    }

    /// The value of a key that can be read; `None` as well where the key is not there.
    pub(super) fn value<T: Leaf>(&mut self, field: &Field<Scalar<T>>) -> Option<T> {
        self.scalar(field.value()?)
    }

    /// A single value.
    pub(super) fn scalar<T: Leaf>(&mut self, scalar: &Scalar<T>) -> Option<T> {
        let text = self.filled(&scalar.text, scalar.span)?;
        match T::parse(&text) {
            Ok(value) => Some(value),
            Err(complaint) => {
                self.problems.push(complaint.at(scalar.span, &scalar.text));
                None
            }
        }
    }

    /// The values of a list; none where the key is not there.
    pub(super) fn list<T: Leaf>(&mut self, field: &Field<List<Scalar<T>>>) -> Vec<T> {
        let scalars = field.value().map(|list| list.0.as_slice()).unwrap_or_default();
        scalars.iter().filter_map(|scalar| self.scalar(scalar)).collect()
    }

    /// A command: a list is a program with its arguments, a text is run by a shell.
    pub(super) fn argv(&mut self, field: &Field<Argv>) -> Option<Vec<String>> {
        let Field::Given(key, argv) = field else { return None };
        let (words, is_empty) = match argv {
            OneOrMany::One(line) => {
                let line = self.scalar(line)?.0;
                let is_empty = line.trim().is_empty();
                (vec!["sh".to_owned(), "-c".to_owned(), line], is_empty)
            }
            OneOrMany::Many(words) => {
                let words: Option<Vec<_>> = words.iter().map(|word| Some(self.scalar(word)?.0)).collect();
                let words = words?;
                let is_empty = words.first().is_none_or(String::is_empty);
                (words, is_empty)
            }
        };
        if is_empty {
            self.error(ProblemCode::InvalidValue, *key, "the command is empty".to_owned(), None);
            return None;
        }
        Some(words)
    }

    /// A name that the user gave as a key.
    pub(super) fn name<T: std::str::FromStr<Err = InvalidName>>(&mut self, key: &str, at: Span) -> Option<T> {
        match key.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.error(ProblemCode::InvalidName, at, error.to_string(), None);
                None
            }
        }
    }

    /// A name that is a part of a signal's name, where dots stand between the parts.
    pub(super) fn part<T: std::str::FromStr<Err = InvalidName>>(&mut self, key: &str, at: Span) -> Option<T> {
        if key.contains('.') {
            let message = format!("`{key}` has a dot, which separates the parts of a signal's name");
            self.error(ProblemCode::InvalidName, at, message, format!("call it `{}`", key.replace('.', "-")));
            return None;
        }
        self.name(key, at)
    }

    /// A value that should be a reference to a secret; `is_secret` says whether text, as it was written, is one.
    pub(super) fn secret(
        &mut self,
        scalar: &Scalar<SecretOrText>,
        is_secret: fn(&str) -> bool,
    ) -> Option<SecretOrText> {
        let value = self.scalar(scalar)?;
        if matches!(value, SecretOrText::Text(_)) && is_secret(&scalar.text) {
            let warning =
                Problem::warning(ProblemCode::LiteralSecret, scalar.span, "a secret is written into the configuration");
            self.problems.push(warning.hint("refer to it: `env:NAME`, `file:PATH` or `exec:COMMAND`".to_owned()));
        }
        Some(value)
    }

    /// Any value, as JSON.
    pub(super) fn json(&mut self, any: &Any) -> Option<serde_json::Value> {
        self.node(&any.0)
    }

    fn node(&mut self, node: &Node) -> Option<serde_json::Value> {
        match &node.value {
            NodeValue::Scalar { text, plain } => {
                let filled = self.filled(text, node.span)?;
                Some(if *plain { typed(&filled) } else { filled.into() })
            }
            NodeValue::List(nodes) => nodes.iter().map(|node| self.node(node)).collect(),
            NodeValue::Map(nodes) => {
                let entries: Option<Vec<_>> =
                    nodes.iter().map(|node| Some((node.name.clone(), self.node(node)?))).collect();
                Some(entries?.into_iter().collect::<serde_json::Map<_, _>>().into())
            }
        }
    }

    fn filled(&mut self, text: &str, span: Span) -> Option<String> {
        match interpolate(text, self.environment) {
            Ok(text) => Some(text.into_owned()),
            Err(complaints) => {
                self.problems.extend(complaints.into_iter().map(|complaint| complaint.at(span, text)));
                None
            }
        }
    }
}

/// A plain value by YAML's core schema: what JSON would read as null, a truth value or a number is one.
fn typed(text: &str) -> serde_json::Value {
    match text {
        "" | "~" | "null" => serde_json::Value::Null,
        _ => match serde_json::from_str(text) {
            Ok(value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_))) => value,
            _ => text.into(),
        },
    }
}
