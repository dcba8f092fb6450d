//! Lists, mappings with free keys, and alternatives.

use serde_json::{Value, json};

use super::node::{Node, NodeValue};
use super::schema::Defs;
use super::shape::{Shape, Sink};
use crate::config::{Problem, ProblemCode, Span};

fn wrong(node: &Node, what: &str, hint: &str) -> Problem {
    let message = format!("`{}` must be {what}, and is {}", node.name, node.kind());
    Problem::error(ProblemCode::WrongType, node.span, message).hint(hint.to_owned())
}

/// A list. An entry that cannot be read is left out.
#[derive(Debug, Clone)]
pub(in crate::config) struct List<T>(pub(in crate::config) Vec<T>);

impl<T: Shape> Shape for List<T> {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            NodeValue::List(nodes) => Some(Self(nodes.iter().filter_map(|node| T::read(node, sink)).collect())),
            _ if node.is_null() => Some(Self(Vec::new())),
            _ => {
                sink.push(wrong(node, "a list", "write `[first, second]`, or one `- entry` a line"));
                None
            }
        }
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "type": ["array", "null"], "items": T::schema(defs) })
    }
}

/// One entry of a [`Map`].
#[derive(Debug, Clone)]
pub(in crate::config) struct MapEntry<T> {
    /// The key.
    pub(in crate::config) key: String,
    /// Where the key stands.
    pub(in crate::config) at: Span,
    /// The value; `None` if it could not be read.
    pub(in crate::config) value: Option<T>,
}

/// A mapping whose keys are names that the user gives.
#[derive(Debug, Clone)]
pub(in crate::config) struct Map<T>(pub(in crate::config) Vec<MapEntry<T>>);

impl<T: Shape> Shape for Map<T> {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        let read = |node: &Node, sink: &mut Sink| MapEntry {
            key: node.name.clone(),
            at: node.label,
            value: T::read(node, sink),
        };
        match &node.value {
            NodeValue::Map(nodes) => Some(Self(nodes.iter().map(|node| read(node, sink)).collect())),
            _ if node.is_null() => Some(Self(Vec::new())),
            _ => {
                sink.push(wrong(node, "a mapping of names", "write one `name: ...` a line"));
                None
            }
        }
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "type": ["object", "null"], "additionalProperties": T::schema(defs) })
    }
}

/// A list, or a single value.
#[derive(Debug, Clone)]
pub(in crate::config) enum OneOrMany<T> {
    /// A single value.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T: Shape> Shape for OneOrMany<T> {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            NodeValue::List(nodes) => Some(Self::Many(nodes.iter().filter_map(|node| T::read(node, sink)).collect())),
            _ => T::read(node, sink).map(Self::One),
        }
    }

    fn schema(defs: &mut Defs) -> Value {
        let one = T::schema(defs);
        json!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// A single value, or a mapping that says more.
#[derive(Debug, Clone)]
pub(in crate::config) enum Either<S, M> {
    /// The single value.
    Short(S),
    /// The mapping.
    Long(M),
}

impl<S: Shape, M: Shape> Shape for Either<S, M> {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            NodeValue::Map(_) => M::read(node, sink).map(Self::Long),
            _ => S::read(node, sink).map(Self::Short),
        }
    }

    fn schema(defs: &mut Defs) -> Value {
        let short = S::schema(defs);
        json!({ "anyOf": [short, M::schema(defs)] })
    }
}

/// Any value at all.
#[derive(Debug, Clone)]
pub(in crate::config) struct Any(pub(in crate::config) Node);

impl Shape for Any {
    fn read(node: &Node, _: &mut Sink) -> Option<Self> {
        Some(Self(node.clone()))
    }

    fn schema(_: &mut Defs) -> Value {
        json!({})
    }
}
