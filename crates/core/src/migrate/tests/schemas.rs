//! Schemas to test with.

use crate::data::{Column, Constraint, ConstraintKind, Definition, ObjectName, Schema, Table, UserType};

/// `orders(id not null, status not null default, note)` with a key, a check and a label type.
pub(super) fn shop() -> Schema {
    Schema {
        tables: vec![Table {
            columns: vec![
                Column { not_null: true, identity: Some('d'), ..column("id", "bigint") },
                column("note", "character varying(20)"),
                Column { default: Some("'new'::text".into()), not_null: true, ..column("status", "text") },
            ],
            constraints: vec![
                constraint("orders_pkey", ConstraintKind::Primary, "PRIMARY KEY (id)"),
                constraint("orders_status", ConstraintKind::Check, "CHECK ((status <> ''::text))"),
            ],
            indexes: vec![index("orders_note", "CREATE INDEX orders_note ON public.orders USING btree (note)")],
            ..table("orders")
        }],
        types: vec![UserType {
            name: ObjectName::new("public", "mood"),
            labels: vec!["sad".into(), "happy".into()],
            definition: "enum".into(),
        }],
        views: vec![index("open_orders", "SELECT 1")],
        functions: vec![index("total(integer)", "body")],
        extensions: vec!["plpgsql".into()],
        ..Schema::default()
    }
}

pub(super) fn table(name: &str) -> Table {
    Table {
        name: ObjectName::new("public", name),
        kind: 'r',
        is_unlogged: false,
        parents: Vec::new(),
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        policies: Vec::new(),
        attributes: Vec::new(),
    }
}

pub(super) fn column(name: &str, data_type: &str) -> Column {
    Column {
        name: name.into(),
        data_type: data_type.into(),
        not_null: false,
        default: None,
        generated: None,
        identity: None,
    }
}

pub(super) fn constraint(name: &str, kind: ConstraintKind, definition: &str) -> Constraint {
    Constraint { name: name.into(), kind, definition: definition.into(), is_validated: true }
}

pub(super) fn index(name: &str, definition: &str) -> Definition {
    Definition { name: ObjectName::new("public", name), definition: definition.into() }
}
