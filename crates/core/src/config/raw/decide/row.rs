//! Rows of decision matrices, and questions of decision trees.

use serde_json::{Value, json};

use super::RawWhen;
use crate::config::leaf::{Period, PresetName};
use crate::config::read::{Defs, List, Node, NodeValue, Scalar, Shape, Sink, raw};
use crate::policy::Choice;

raw! {
    /// A row of a decision matrix. The first that holds counts.
    RawRow {
        /// What it is called.
        name: optional Scalar<String>,
        /// Which cases it is about. Default: every one.
        when: optional RawWhen,
        /// What to do: `roll_back`, `roll_back_unless_fixed`, `hold`, `fix_forward`, `fall_back` or `observe`.
        then: required Scalar<Choice>,
        /// With `roll_back_unless_fixed`: how long a fix is waited for, from the first bad sample.
        within: optional Scalar<Period>,
    }
}

raw! {
    /// When not to roll back.
    RawException {
        /// What it is called.
        name: optional Scalar<String>,
        /// Which cases it is about.
        when: required RawWhen,
        /// What to do then: `fix_forward` (default), `hold`, `fall_back` or `observe`.
        then: optional Scalar<Choice>,
    }
}

raw! {
    /// A question of a decision tree.
    RawBranch {
        /// What is asked.
        ask: required RawWhen,
        /// What follows from yes: a choice, or another question.
        yes: required RawNext,
        /// What follows from no.
        no: required RawNext,
    }
}

/// A preset by its name, or rows.
#[derive(Debug, Clone)]
pub(in crate::config) enum RawMatrix {
    /// A preset.
    Preset(Scalar<PresetName>),
    /// Rows.
    Own(List<RawRow>),
}

impl Shape for RawMatrix {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            NodeValue::List(_) => List::read(node, sink).map(Self::Own),
            _ => Scalar::read(node, sink).map(Self::Preset),
        }
    }

    fn schema(defs: &mut Defs) -> Value {
        let preset = Scalar::<PresetName>::schema(defs);
        json!({ "anyOf": [preset, { "type": "array", "items": RawRow::schema(defs) }] })
    }
}

/// A choice, or another question.
#[derive(Debug, Clone)]
pub(in crate::config) enum RawNext {
    /// A choice.
    Choice(Scalar<Choice>),
    /// Another question.
    Ask(Box<RawBranch>),
}

impl Shape for RawNext {
    fn read(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            NodeValue::Map(_) => RawBranch::read(node, sink).map(|branch| Self::Ask(Box::new(branch))),
            _ => Scalar::read(node, sink).map(Self::Choice),
        }
    }

    /// A tree is as deep as it is written, so a question refers to questions by their name.
    fn schema(defs: &mut Defs) -> Value {
        json!({ "anyOf": [Scalar::<Choice>::schema(defs), { "$ref": "#/definitions/Branch" }] })
    }
}
