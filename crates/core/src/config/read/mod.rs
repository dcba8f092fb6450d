//! Reading YAML into raw types that know where everything stands, and describing those types as a JSON Schema.

mod collection;
mod node;
mod scalar;
mod schema;
mod shape;
mod suggest;
mod yaml;

pub(super) use collection::{Any, Either, List, Map, MapEntry, OneOrMany};
pub(super) use node::{Node, NodeValue};
pub(super) use scalar::{Accepts, Complaint, Keyword, Leaf, Scalar};
pub(super) use schema::{Defs, Member};
pub(super) use shape::{Field, Located, Object, Shape, Sink, key, raw};
pub(crate) use suggest::nearest;
pub(super) use yaml::tree;
