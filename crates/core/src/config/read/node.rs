//! The document as a tree of nodes with their places.

use crate::config::Span;

/// One value of the document.
#[derive(Clone)]
pub(in crate::config) struct Node {
    /// What to call it: its key, or `an entry of KEY`.
    pub(in crate::config) name: String,
    /// Where it is named: its key, or itself where it has none.
    pub(in crate::config) label: Span,
    /// Where it stands.
    pub(in crate::config) span: Span,
    /// What it is.
    pub(in crate::config) value: NodeValue,
}

/// What a node is.
#[derive(Clone)]
pub(in crate::config) enum NodeValue {
    /// A single value; `plain` where no quotes say that it is text.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A mapping, keys in the order of the text and each once. A node's name and label are its key.
    Map(Vec<Node>),
}

impl Node {
    /// Whether nothing stands there, or an explicit null.
    pub(in crate::config) fn is_null(&self) -> bool {
        matches!(&self.value, NodeValue::Scalar { text, plain: true } if is_null(text))
    }

    /// What it is, for a message.
    pub(in crate::config) fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_null() => "nothing",
            NodeValue::Scalar { .. } => "a single value",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a mapping",
        }
    }

    /// How many nodes it consists of.
    pub(in crate::config) fn count(&self) -> usize {
        match &self.value {
            NodeValue::Scalar { .. } => 1,
            NodeValue::List(nodes) | NodeValue::Map(nodes) => 1 + nodes.iter().map(Node::count).sum::<usize>(),
        }
    }

    /// The same value under another name.
    pub(super) fn named(mut self, name: &str, label: Span) -> Self {
        name.clone_into(&mut self.name);
        self.label = label;
        self
    }
}

impl std::fmt::Debug for Node {
    /// Says where, not what: the text may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}:{}", self.kind(), self.span.line, self.span.column)
    }
}

/// The spellings of null in YAML's core schema.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
