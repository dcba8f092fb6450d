//! What is kept before migrations are undone.
//!
//! | who runs the way back | a table or column dropped | values or rows overwritten or deleted |
//! |---|---|---|
//! | `backout` itself, from SQL that it can read | renamed or moved aside, where the drop has no `CASCADE`; else copied | copied |
//! | the tool | copied: its own script must find what it drops | copied, where its script is SQL |
//!
//! Whatever the scripts are, what today's schema has and the target's lacks is kept as well: names that a script renames
//! and then drops are found by that. A table without a primary key is copied as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::difference::{Change, Delta, schema_difference};
use super::statement::{Kind, Loss, Piece, SoftDrop, TableName, classify, pieces};
use crate::data::{ConstraintKind, Framework, MigrationGraph, ObjectName, Preserve, Revision, Schema, Table};
use crate::id::Digest;

/// The longest name that the server keeps, in bytes.
const LONGEST: usize = 63;

/// The migrations that are undone, between two schemas.
#[derive(Debug, Clone, Copy)]
pub struct Undoing<'a> {
    /// The tool.
    pub framework: Framework,
    /// The migrations.
    pub graph: &'a MigrationGraph,
    /// Which are undone, in this order.
    pub undo: &'a [Revision],
    /// The schema that is led back to.
    pub then: &'a Schema,
    /// The schema now.
    pub now: &'a Schema,
}

/// The schema that things are kept in: `_backout_<suffix>`.
#[must_use]
pub fn kept_in(suffix: &str) -> String {
    bounded(&format!("_backout_{suffix}"))
}

/// Whether `backout` runs a tool's scripts by itself.
#[must_use]
pub fn runs_sql(framework: Framework) -> bool {
    matches!(framework, Framework::GolangMigrate | Framework::Dbmate | Framework::Sqlx | Framework::Diesel)
}

/// Whether something is kept by its new name within its table, not by a copy.
#[must_use]
pub fn is_renamed(kept_as: &ObjectName) -> bool {
    !kept_as.schema.starts_with("_backout_")
}

/// Everything that would be lost by undoing migrations, with the place where it is kept.
#[must_use]
pub fn preservation(undoing: &Undoing<'_>, suffix: &str) -> Vec<Preserve> {
    let downs: Vec<&str> = undoing.undo.iter().filter_map(|revision| down(undoing.graph, revision)).collect();
    let soft: BTreeSet<SoftDrop> = match runs_sql(undoing.framework) {
        true => downs.iter().flat_map(|down| soft_drops(down)).collect(),
        false => BTreeSet::new(),
    };
    let mut keeper = Keeper { now: undoing.now, suffix, kept: BTreeMap::new() };
    for drop in &soft {
        keeper.soft(drop);
    }
    for statement in downs.iter().flat_map(|down| classify(down)).filter(|it| it.kind == Kind::Destructive) {
        statement.destroys.iter().for_each(|loss| keeper.copy(loss));
    }
    for change in schema_difference(undoing.then, undoing.now).changes {
        keeper.difference(&change);
    }
    keeper.kept.into_values().collect()
}

fn down<'a>(graph: &'a MigrationGraph, revision: &Revision) -> Option<&'a str> {
    graph.migrations.iter().find(|migration| migration.revision == *revision)?.down.as_deref()
}

fn soft_drops(script: &str) -> Vec<SoftDrop> {
    let soft = |piece| match piece {
        Piece::Soft(drop) => Some(drop),
        Piece::Run(_) => None,
    };
    pieces(script, &|_| true).into_iter().filter_map(soft).collect()
}

/// Collects what is kept; the first way to keep something is the one that stays.
struct Keeper<'a> {
    now: &'a Schema,
    suffix: &'a str,
    kept: BTreeMap<(ObjectName, Option<String>), Preserve>,
}

impl Keeper<'_> {
    fn soft(&mut self, drop: &SoftDrop) {
        let (SoftDrop::Table(name) | SoftDrop::Column(name, _)) = drop;
        let Some(table) = self.table(name) else { return };
        match drop {
            SoftDrop::Table(_) => self.keep_table(&table),
            SoftDrop::Column(_, column) => {
                let name = bounded(&format!("_rb{}_{column}", self.suffix));
                let kept_as = ObjectName::new(&table.name.schema, name);
                self.keep_column(&table, column, kept_as);
            }
        }
    }

    fn copy(&mut self, loss: &Loss) {
        match loss {
            Loss::Table(name) => self.each(name, |keeper, table| keeper.keep_table(table)),
            Loss::Rows(name) => self.each(name, |keeper, table| keeper.keep_rows(table)),
            Loss::Column { table, column } | Loss::Values { table, column } => {
                self.each(table, |keeper, table| keeper.copy_column(table, column));
            }
            Loss::Schema(schema) => {
                let of_schema = |table: &&Table| table.name.schema == *schema;
                self.now.tables.iter().filter(of_schema).for_each(|table| self.keep_table(table));
            }
            Loss::Type(name) => {
                for table in &self.now.tables {
                    let of_type = |data_type: &str| {
                        let base = data_type.trim_end_matches("[]");
                        base == name.name || base.ends_with(&format!(".{}", name.name))
                    };
                    let columns = table.columns.iter().filter(|column| of_type(&column.data_type));
                    columns.for_each(|column| self.copy_column(table, &column.name));
                }
            }
        }
    }

    /// What is there now and was not, and columns that had another type.
    fn difference(&mut self, change: &Change) {
        match change {
            Change::Table(Delta::Added(table)) => self.keep_table(table),
            Change::Column(name, Delta::Added(column)) if column.generated.is_none() => {
                self.copy_column_of(name, &column.name);
            }
            Change::Column(name, Delta::Changed { then, now }) if then.data_type != now.data_type => {
                self.copy_column_of(name, &now.name);
            }
            _ => (),
        }
    }

    fn table(&self, name: &TableName) -> Option<Table> {
        name.table_of(self.now).and_then(|name| self.now.table(name)).cloned()
    }

    fn each(&mut self, name: &TableName, act: impl Fn(&mut Self, &Table)) {
        if let Some(table) = self.table(name) {
            act(self, &table);
        }
    }

    fn copy_column_of(&mut self, name: &ObjectName, column: &str) {
        if let Some(table) = self.now.table(name) {
            self.copy_column(table, column);
        }
    }

    /// A partition has its rows in its parent's name as well, and a foreign table has none here.
    fn keep_table(&mut self, table: &Table) {
        let is_within = table.parents.iter().any(|parent| self.kept.contains_key(&(parent.clone(), None)));
        if table.kind == 'f' || is_within {
            return;
        }
        let kept_as = self.place(&table.name, None);
        let preserve = Preserve::Table { table: table.name.clone(), kept_as };
        self.kept.entry((table.name.clone(), None)).or_insert(preserve);
    }

    fn keep_rows(&mut self, table: &Table) {
        let kept_as = self.place(&table.name, Some("rows"));
        let preserve = Preserve::Rows { table: table.name.clone(), kept_as };
        self.kept.entry((table.name.clone(), None)).or_insert(preserve);
    }

    fn copy_column(&mut self, table: &Table, column: &str) {
        match table.constraints.iter().any(|it| it.kind == ConstraintKind::Primary) {
            true => self.keep_column(table, column, self.place(&table.name, Some(column))),
            false => self.keep_rows(table),
        }
    }

    fn keep_column(&mut self, table: &Table, column: &str, kept_as: ObjectName) {
        if table.columns.iter().any(|it| it.name == column && it.generated.is_none()) {
            let preserve = Preserve::Column { table: table.name.clone(), column: column.to_owned(), kept_as };
            self.kept.entry((table.name.clone(), Some(column.to_owned()))).or_insert(preserve);
        }
    }

    fn place(&self, table: &ObjectName, part: Option<&str>) -> ObjectName {
        let schema = if table.schema == "public" { String::new() } else { format!("{}__", table.schema) };
        let part = part.map(|part| format!("__{part}")).unwrap_or_default();
        ObjectName::new(kept_in(self.suffix), bounded(&format!("{schema}{}{part}", table.name)))
    }
}

/// A name that the server does not cut: a long one ends in a digest of all of it.
fn bounded(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let digest = Digest::of(name.as_bytes()).to_string();
    let digest: String = digest.chars().filter(char::is_ascii_alphanumeric).rev().take(12).collect();
    let mut end = LONGEST - digest.len() - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{digest}", &name[..end])
}
