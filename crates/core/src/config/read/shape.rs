//! Raw types: what can be read from a node, and what a schema says about it.
//!
//! Contract: reading collects every problem and goes on. A raw type is declared once, with [`raw!`]: its keys, their
//! documentation, what is required, and the JSON Schema all come from that declaration.

use serde_json::Value;

use super::node::{Node, NodeValue};
use super::schema::Defs;
use super::suggest::nearest;
use crate::config::{Problem, ProblemCode, Span};

/// Where problems go.
pub(in crate::config) type Sink = Vec<Problem>;

/// Something that can be read from a node.
pub(in crate::config) trait Shape: Sized {
    /// Reads it; `None` if it cannot be, in which case `sink` has the reason.
    fn read(node: &Node, sink: &mut Sink) -> Option<Self>;

    /// The JSON Schema of what [`Shape::read`] accepts.
    fn schema(defs: &mut Defs) -> Value;
}

/// Something that knows where it is named.
pub(in crate::config) trait Located {
    /// The place of its key; of itself where it has none.
    fn at(&self) -> Span;
}

/// The value of a key.
#[derive(Debug, Clone)]
pub(in crate::config) enum Field<T> {
    /// The key is not there.
    Absent,
    /// It is, and a problem with its value has been reported.
    Invalid(Span),
    /// It is.
    Given(Span, T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub(in crate::config) fn value(&self) -> Option<&T> {
        match self {
            Field::Given(_, value) => Some(value),
            Field::Absent | Field::Invalid(_) => None,
        }
    }

    /// Where the key stands, if it does.
    pub(in crate::config) fn key(&self) -> Option<Span> {
        match self {
            Field::Given(key, _) | Field::Invalid(key) => Some(*key),
            Field::Absent => None,
        }
    }

    /// Whether the key is not there.
    pub(in crate::config) fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }
}

/// A mapping whose keys are known, while it is read.
pub(in crate::config) struct Object<'a> {
    node: &'a Node,
    entries: &'a [Node],
}

impl<'a> Object<'a> {
    /// Takes a mapping; nothing counts as an empty one.
    pub(in crate::config) fn open(node: &'a Node, keys: &[&str], sink: &mut Sink) -> Option<Self> {
        match &node.value {
            NodeValue::Map(entries) => Some(Self { node, entries }),
            _ if node.is_null() => Some(Self { node, entries: &[] }),
            _ => {
                let message = format!("`{}` must be a mapping, and is {}", node.name, node.kind());
                let hint = format!("its keys are {}", quoted(keys));
                sink.push(Problem::error(ProblemCode::WrongType, node.span, message).hint(hint));
                None
            }
        }
    }

    /// Reads the value of a key.
    pub(in crate::config) fn field<T: Shape>(&self, key: &str, required: bool, sink: &mut Sink) -> Field<T> {
        match self.entries.iter().find(|entry| entry.name == key) {
            Some(entry) => match T::read(entry, sink) {
                Some(value) => Field::Given(entry.label, value),
                None => Field::Invalid(entry.label),
            },
            None => {
                if required {
                    let message = format!("`{}` lacks the key `{key}`", self.node.name);
                    sink.push(Problem::error(ProblemCode::MissingKey, self.node.label, message));
                }
                Field::Absent
            }
        }
    }

    /// Reports keys that are not known. False if one of them belongs to a platform that is not supported: then what was
    /// read means nothing.
    pub(in crate::config) fn close(&self, keys: &[&str], later: &[(&str, &str)], sink: &mut Sink) -> bool {
        let mut is_supported = true;
        for entry in self.entries.iter().filter(|entry| !keys.contains(&entry.name.as_str())) {
            if let Some((_, what)) = later.iter().find(|(name, _)| *name == entry.name) {
                is_supported = false;
                sink.push(unsupported(entry, what));
            } else {
                sink.push(unknown(self.node, entry, keys));
            }
        }
        is_supported
    }
}

fn unsupported(entry: &Node, what: &str) -> Problem {
    let message = if entry.name == what {
        format!("platform `{what}` is not supported by this version")
    } else {
        format!("`{}` belongs to platform `{what}`, which is not supported by this version", entry.name)
    };
    let hint = "use `compose` or `host`, or wrap your own commands with `exec`".to_owned();
    Problem::error(ProblemCode::UnsupportedPlatform, entry.label, message).hint(hint)
}

fn unknown(node: &Node, entry: &Node, keys: &[&str]) -> Problem {
    let hint = match nearest(&entry.name, keys.iter().copied()) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("its keys are {}", quoted(keys)),
    };
    let message = format!("`{}` has no key `{}`", node.name, entry.name);
    Problem::error(ProblemCode::UnknownKey, entry.label, message).hint(hint)
}

fn quoted(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// The key that a field stands for: its name, without the mark of a raw identifier.
pub(in crate::config) fn key(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Declares a mapping with known keys: `KEY: required TYPE` or `KEY: optional TYPE`, each with its documentation, and
/// after `later` the keys that are known and not supported, with the platform they belong to.
macro_rules! raw {
    (@required required) => { true };
    (@required optional) => { false };
    (
        $(#[doc = $doc:literal])+
        $name:ident {
            $( $(#[doc = $field_doc:literal])+ $field:ident: $need:ident $type:ty, )*
        }
        $(later { $($later:literal => $what:literal),* $(,)? })?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub(in crate::config) struct $name {
            at: $crate::config::Span,
            $( $(#[doc = $field_doc])+ pub(in crate::config) $field: $crate::config::read::Field<$type>, )*
        }

        impl $name {
            fn keys() -> Vec<&'static str> {
                vec![$($crate::config::read::key(stringify!($field))),*]
            }
        }

        impl $crate::config::read::Located for $name {
            fn at(&self) -> $crate::config::Span {
                self.at
            }
        }

        impl $crate::config::read::Shape for $name {
            fn read(
                node: &$crate::config::read::Node,
                sink: &mut $crate::config::read::Sink,
            ) -> Option<Self> {
                let keys = Self::keys();
                let object = $crate::config::read::Object::open(node, &keys, sink)?;
                let read = Self {
                    at: node.label,
                    $( $field: object.field(
                        $crate::config::read::key(stringify!($field)),
                        $crate::config::read::raw!(@required $need),
                        sink,
                    ), )*
                };
                object.close(&keys, &[$($(($later, $what)),*)?], sink).then_some(read)
            }

            fn schema(defs: &mut $crate::config::read::Defs) -> serde_json::Value {
                let members = vec![$(
                    $crate::config::read::Member {
                        key: $crate::config::read::key(stringify!($field)),
                        doc: concat!($($field_doc),+).trim_ascii(),
                        required: $crate::config::read::raw!(@required $need),
                        schema: <$type as $crate::config::read::Shape>::schema(defs),
                    }
                ),*];
                defs.object(stringify!($name), concat!($($doc),+).trim_ascii(), members)
            }
        }
    };
}
pub(in crate::config) use raw;
