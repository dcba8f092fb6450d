//! The schema of a database as its catalogs have it, in an order that does not depend on when it was read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// The name of a table, view, type, function or sequence with its schema, as the catalogs have it: unquoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ObjectName {
    /// The schema.
    pub schema: String,
    /// The name within it.
    pub name: String,
}

impl ObjectName {
    /// A name.
    #[must_use]
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// The name as SQL has it, always quoted.
    #[must_use]
    pub fn quoted(&self) -> String {
        let quote = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }
}

/// For people: the schema is left out where it is `public`.
impl std::fmt::Display for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.schema.as_str() {
            "public" => f.pad(&self.name),
            schema => f.pad(&format!("{schema}.{}", self.name)),
        }
    }
}

/// Everything in a database that a migration can change, but for rows. Schemas of the server itself and of `backout`
/// (`_backout…`) are left out, and so are objects that belong to an extension. Every list is sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Schema {
    /// Tables, partitions among them.
    pub tables: Vec<Table>,
    /// Views and materialized views.
    pub views: Vec<Definition>,
    /// Functions and procedures; the name holds the argument types.
    pub functions: Vec<Definition>,
    /// Enums, domains, composite and range types.
    pub types: Vec<UserType>,
    /// Sequences.
    pub sequences: Vec<ObjectName>,
    /// Extensions, by name.
    pub extensions: Vec<String>,
}

impl Schema {
    /// Equal for equal schemas.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &ObjectName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Its name.
    pub name: ObjectName,
    /// `relkind`: `r` ordinary, `p` partitioned, `f` foreign.
    pub kind: char,
    /// Whether it is unlogged.
    pub is_unlogged: bool,
    /// Tables that it inherits from, or the one that it is a partition of.
    pub parents: Vec<ObjectName>,
    /// Its columns, by name: their order does not matter to a program that names them.
    pub columns: Vec<Column>,
    /// Its constraints.
    pub constraints: Vec<Constraint>,
    /// Its indexes, those of constraints left out.
    pub indexes: Vec<Definition>,
    /// Its triggers, those of constraints left out.
    pub triggers: Vec<Definition>,
    /// Its row security policies.
    pub policies: Vec<Definition>,
    /// What else is set on it, in the words of SQL: `PARTITION BY RANGE (at)`, `FOR VALUES FROM (1) TO (10)`,
    /// `ROW LEVEL SECURITY`, `REPLICA IDENTITY FULL`, the server of a foreign table.
    #[serde(default)]
    pub attributes: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as `format_type` has it.
    pub data_type: String,
    /// Whether it may not be null.
    pub not_null: bool,
    /// Its default.
    pub default: Option<String>,
    /// The expression that it is generated from.
    pub generated: Option<String>,
    /// `a` for `GENERATED ALWAYS AS IDENTITY`, `d` for `BY DEFAULT`.
    pub identity: Option<char>,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ConstraintKind,
    /// As `pg_get_constraintdef` has it.
    pub definition: String,
    /// Whether it holds for the rows that were there before it.
    pub is_validated: bool,
}

/// Kinds of constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintKind {
    /// Primary key.
    Primary,
    /// Unique.
    Unique,
    /// Foreign key.
    Foreign,
    /// Check.
    Check,
    /// Exclusion.
    Exclusion,
    /// Not null, as a constraint of its own (PostgreSQL 18).
    NotNull,
}

/// Something that is its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Definition {
    /// Its name.
    pub name: ObjectName,
    /// As the server writes it.
    pub definition: String,
}

/// A type that somebody made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserType {
    /// Its name.
    pub name: ObjectName,
    /// The labels of an enum, in order; empty for other types.
    pub labels: Vec<String>,
    /// In words that change when the type does.
    pub definition: String,
}
