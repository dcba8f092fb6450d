//! What a statement does, as values.

use super::TableName;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// As it is written, without its semicolon.
    pub text: String,
    /// What it does.
    pub kind: Kind,
    /// What is gone afterwards; empty unless it is destructive.
    pub destroys: Vec<Loss>,
    /// Whether it can run within a transaction, and what it made can be used there.
    pub is_transactional: bool,
}

impl Statement {
    /// Whether anything could be lost by it: an unknown statement counts.
    #[must_use]
    pub fn may_destroy(&self) -> bool {
        matches!(self.kind, Kind::Destructive | Kind::Unknown)
    }
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only adds: a table, a column, rows.
    Additive,
    /// It changes what is there without losing values: a rename, a constraint, a grant.
    Transforming,
    /// Values that were there are gone afterwards.
    Destructive,
    /// It begins or ends a transaction.
    Control,
    /// That cannot be said.
    Unknown,
}

/// Something that is gone afterwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// A table with its rows.
    Table(TableName),
    /// A column with its values.
    Column {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// Values of a column that stays: it gets another type, or they are overwritten.
    Values {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// Rows of a table that stays.
    Rows(TableName),
    /// Every table of a schema.
    Schema(String),
    /// Every column of a type.
    Type(TableName),
}
