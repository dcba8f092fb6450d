//! What the parts of an `ALTER TABLE` do.

use sqlparser::ast::{AlterColumnOperation, AlterTable, AlterTableOperation};

use super::name::folded;
use super::{Kind, Loss, TableName};

/// What each part does, and what it destroys.
pub(super) fn classified(alter: &AlterTable, table: &TableName) -> Vec<(Kind, Vec<Loss>)> {
    alter.operations.iter().map(|operation| part(operation, table)).collect()
}

fn part(operation: &AlterTableOperation, table: &TableName) -> (Kind, Vec<Loss>) {
    match operation {
        AlterTableOperation::AddColumn { .. } => (Kind::Additive, Vec::new()),
        AlterTableOperation::DropColumn { column_names, .. } => {
            let lost = column_names.iter().map(|it| Loss::Column { table: table.clone(), column: folded(it) });
            (Kind::Destructive, lost.collect())
        }
        AlterTableOperation::AlterColumn { column_name, op: AlterColumnOperation::SetDataType { .. } } => {
            // Whether every value survives depends on the type it had, so it counts as if some did not.
            (Kind::Destructive, vec![Loss::Values { table: table.clone(), column: folded(column_name) }])
        }
        AlterTableOperation::AlterColumn { .. }
        | AlterTableOperation::AddConstraint { .. }
        | AlterTableOperation::DropConstraint { .. }
        | AlterTableOperation::RenameColumn { .. }
        | AlterTableOperation::RenameTable { .. }
        | AlterTableOperation::RenameConstraint { .. }
        | AlterTableOperation::ValidateConstraint { .. }
        | AlterTableOperation::DisableTrigger { .. }
        | AlterTableOperation::EnableTrigger { .. }
        | AlterTableOperation::EnableAlwaysTrigger { .. }
        | AlterTableOperation::EnableReplicaTrigger { .. }
        | AlterTableOperation::DisableRule { .. }
        | AlterTableOperation::EnableRule { .. }
        | AlterTableOperation::DisableRowLevelSecurity
        | AlterTableOperation::EnableRowLevelSecurity
        | AlterTableOperation::ForceRowLevelSecurity
        | AlterTableOperation::NoForceRowLevelSecurity
        | AlterTableOperation::ReplicaIdentity { .. }
        | AlterTableOperation::OwnerTo { .. }
        | AlterTableOperation::SetLogged
        | AlterTableOperation::SetOptionsParens { .. } => (Kind::Transforming, Vec::new()),
        _ => (Kind::Unknown, Vec::new()),
    }
}
