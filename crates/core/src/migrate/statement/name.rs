//! Names as scripts write them.

use std::fmt::{Display, Formatter, Result};

use sqlparser::ast::{Ident, ObjectName as Written};

use crate::data::{ObjectName, Schema};

/// A name that may be written without its schema; folded to lower case where it was not quoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// The schema, where it was written.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl TableName {
    /// The table or other object that is meant: that of the schema written, else of `public`, else the only one of that name.
    #[must_use]
    pub fn among<'a>(&self, names: impl Iterator<Item = &'a ObjectName> + Clone) -> Option<&'a ObjectName> {
        let schema = self.schema.as_deref();
        let mut same = names.filter(|it| it.name == self.name && schema.is_none_or(|schema| it.schema == schema));
        let of_public = same.clone().find(|it| it.schema == "public");
        match (of_public, same.next(), same.next()) {
            (Some(it), ..) | (None, Some(it), None) => Some(it),
            _ => None,
        }
    }

    /// The table that is meant.
    #[must_use]
    pub fn table_of<'a>(&self, schema: &'a Schema) -> Option<&'a ObjectName> {
        self.among(schema.tables.iter().map(|table| &table.name))
    }

    /// A name as the parser has it; `None` where it is more than a schema and a name.
    pub(super) fn read(written: &Written) -> Option<Self> {
        let parts: Option<Vec<String>> = written.0.iter().map(|part| part.as_ident().map(folded)).collect();
        match parts?.as_slice() {
            [name] => Some(Self { schema: None, name: name.clone() }),
            [schema, name] => Some(Self { schema: Some(schema.clone()), name: name.clone() }),
            _ => None,
        }
    }
}

impl Display for TableName {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A name as the server folds it.
pub(super) fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}
