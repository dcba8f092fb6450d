//! Scripts whose drops are left to somebody who renames instead.

use sqlparser::ast::{AlterTableOperation, DropBehavior, ObjectType, Statement as Parsed};

use super::classify::parsed;
use super::name::folded;
use super::{TableName, split};

/// Something that can be renamed or moved instead of dropped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SoftDrop {
    /// A table.
    Table(TableName),
    /// A column.
    Column(TableName, String),
}

/// What to run in place of a script, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A statement.
    Run(String),
    /// Put this out of the way.
    Soft(SoftDrop),
}

/// The pieces of a script. A drop of something that `is_kept` becomes a piece of its own, at its place; a drop with
/// `CASCADE` stays what it is, because nobody could say what went with it. Statements without such a drop are as written.
#[must_use]
pub fn pieces(script: &str, is_kept: &dyn Fn(&SoftDrop) -> bool) -> Vec<Piece> {
    split(script).into_iter().flat_map(|text| pieces_of(text, is_kept)).collect()
}

fn pieces_of(text: &str, is_kept: &dyn Fn(&SoftDrop) -> bool) -> Vec<Piece> {
    let as_written = || vec![Piece::Run(text.to_owned())];
    match parsed(text) {
        Some(Parsed::Drop { object_type: ObjectType::Table, if_exists, names, cascade: false, .. }) => {
            let soft = |name| TableName::read(name).map(SoftDrop::Table).filter(is_kept);
            let exists = if if_exists { "IF EXISTS " } else { "" };
            let piece = |name| match soft(name) {
                Some(drop) => Piece::Soft(drop),
                None => Piece::Run(format!("DROP TABLE {exists}{name}")),
            };
            match names.iter().any(|name| soft(name).is_some()) {
                true => names.iter().map(piece).collect(),
                false => as_written(),
            }
        }
        Some(Parsed::AlterTable(alter)) => {
            let Some(table) = TableName::read(&alter.name) else { return as_written() };
            let mut parts = Vec::new();
            for operation in &alter.operations {
                parts.extend(of_operation(operation, &table, is_kept));
            }
            if !parts.iter().any(|(_, piece)| matches!(piece, Ok(Piece::Soft(_)))) {
                return as_written();
            }
            // The server drops constraints and columns before it does anything else that the statement says.
            parts.sort_by_key(|(order, _)| *order);
            let alone = |operation: AlterTableOperation| {
                let mut one = alter.clone();
                one.operations = vec![operation];
                Piece::Run(Parsed::AlterTable(one).to_string())
            };
            parts.into_iter().map(|(_, piece)| piece.unwrap_or_else(|operation| alone(*operation))).collect()
        }
        _ => as_written(),
    }
}

/// One part of an `ALTER TABLE`: when it comes, and either a soft drop or what is run.
type Part = (u8, Result<Piece, Box<AlterTableOperation>>);

fn of_operation(operation: &AlterTableOperation, table: &TableName, is_kept: &dyn Fn(&SoftDrop) -> bool) -> Vec<Part> {
    match operation {
        AlterTableOperation::DropColumn { has_column_keyword, column_names, if_exists, drop_behavior }
            if !matches!(drop_behavior, Some(DropBehavior::Cascade)) =>
        {
            let part = |name: &sqlparser::ast::Ident| {
                let drop = SoftDrop::Column(table.clone(), folded(name));
                let real = || AlterTableOperation::DropColumn {
                    has_column_keyword: *has_column_keyword,
                    column_names: vec![name.clone()],
                    if_exists: *if_exists,
                    drop_behavior: *drop_behavior,
                };
                match is_kept(&drop) {
                    true => (1, Ok(Piece::Soft(drop))),
                    false => (1, Err(Box::new(real()))),
                }
            };
            column_names.iter().map(part).collect()
        }
        AlterTableOperation::DropConstraint { .. } => vec![(0, Err(Box::new(operation.clone())))],
        AlterTableOperation::DropColumn { .. } => vec![(1, Err(Box::new(operation.clone())))],
        other => vec![(2, Err(Box::new(other.clone())))],
    }
}
