//! What must be known of tables before their contents are replaced.

use std::collections::BTreeMap;

use backout_core::data::ObjectName;
use backout_core::port::PortError;
use tokio_postgres::{Client, Row};

use crate::words::{failed, quoted};

/// A table whose contents are replaced.
pub(super) struct Table {
    /// Its name.
    pub(super) name: ObjectName,
    /// Its columns that hold values of their own: name and type.
    pub(super) columns: Vec<(String, String)>,
    /// Its triggers that fire, and how each is switched on again.
    triggers: Vec<(String, &'static str)>,
}

impl Table {
    /// Its columns as a list in SQL.
    pub(super) fn columns(&self) -> String {
        self.columns.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ")
    }

    /// Statements that keep triggers from firing: what is put back has happened once already.
    pub(super) fn silenced(&self) -> impl Iterator<Item = String> {
        let table = self.name.quoted();
        self.triggers.iter().map(move |(name, _)| format!("ALTER TABLE {table} DISABLE TRIGGER {}", quoted(name)))
    }

    /// Statements that make them fire as before.
    pub(super) fn heard(&self) -> impl Iterator<Item = String> {
        let table = self.name.quoted();
        self.triggers.iter().map(move |(name, how)| format!("ALTER TABLE {table} ENABLE {how}TRIGGER {}", quoted(name)))
    }

    /// What the table has, as one row: a count and a sum of hashes that does not depend on order.
    pub(super) fn sum(&self) -> String {
        format!(
            "SELECT count(*)::text || ' rows, ' || coalesce(sum(hashtextextended(ROW({})::text, 0)::numeric), 0)::text FROM ONLY {}",
            self.columns(),
            self.name.quoted()
        )
    }
}

/// The tables, those that others refer to first.
pub(super) async fn read(client: &Client, names: &[ObjectName]) -> Result<Vec<Table>, PortError> {
    let references = references(client, names).await?;
    let mut tables = Vec::new();
    for name in ordered(names, &references) {
        let columns = columns(client, &name).await?;
        if columns.is_empty() {
            return Err(PortError::new(format!("there is no table `{name}`")));
        }
        let triggers = triggers(client, &name).await?;
        tables.push(Table { name, columns, triggers });
    }
    Ok(tables)
}

/// The columns of a table that hold values of their own, with their types.
pub(super) async fn columns(client: &Client, name: &ObjectName) -> Result<Vec<(String, String)>, PortError> {
    let query = "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
                 WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum";
    let rows = rows(client, "the columns", query, &name.quoted()).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn triggers(client: &Client, name: &ObjectName) -> Result<Vec<(String, &'static str)>, PortError> {
    let query = "SELECT tgname::text, tgenabled::text FROM pg_trigger \
                 WHERE tgrelid = to_regclass($1) AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname";
    let rows = rows(client, "the triggers", query, &name.quoted()).await?;
    let how = |row: &Row| match row.get::<_, &str>(1) {
        "A" => "ALWAYS ",
        "R" => "REPLICA ",
        _ => "",
    };
    Ok(rows.iter().map(|row| (row.get(0), how(row))).collect())
}

/// Which of the tables refer to which. A table that is not among them and refers to one would be left without what it refers
/// to, or would lose rows by a cascade: that is refused.
async fn references(client: &Client, names: &[ObjectName]) -> Result<BTreeMap<ObjectName, Vec<ObjectName>>, PortError> {
    let query = "SELECT n.nspname::text, c.relname::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE k.contype = 'f' AND k.confrelid = to_regclass($1) AND k.conrelid <> k.confrelid";
    let mut references: BTreeMap<ObjectName, Vec<ObjectName>> = BTreeMap::new();
    for name in names {
        for row in rows(client, "the foreign keys", query, &name.quoted()).await? {
            let child = ObjectName::new(row.get::<_, String>(0), row.get::<_, String>(1));
            if !names.contains(&child) {
                return Err(PortError::new(format!("`{child}` refers to `{name}`, and is not to be replaced with it"))
                    .hint(format!("take both back: `{name}` and `{child}`")));
            }
            references.entry(child).or_default().push(name.clone());
        }
    }
    Ok(references)
}

/// Names in an order in which none comes before one that it refers to, as far as there is one.
fn ordered(names: &[ObjectName], references: &BTreeMap<ObjectName, Vec<ObjectName>>) -> Vec<ObjectName> {
    let mut left: Vec<ObjectName> = names.to_vec();
    let mut order: Vec<ObjectName> = Vec::new();
    while !left.is_empty() {
        let is_free = |name: &ObjectName| {
            references.get(name).is_none_or(|parents| parents.iter().all(|parent| order.contains(parent)))
        };
        // A circle is begun somewhere: its keys hold at the end if they can be deferred, and are refused by the server else.
        let at = left.iter().position(is_free).unwrap_or(0);
        order.push(left.remove(at));
    }
    order
}

async fn rows(client: &Client, what: &str, query: &str, table: &str) -> Result<Vec<Row>, PortError> {
    let rows = client.query(query, &[&table]).await;
    rows.map_err(|error| failed(&format!("could not read {what} of {table}"), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_refer_to_comes_first_and_a_circle_comes_to_an_end() {
        let name = |name: &str| ObjectName::new("public", name);
        let names = [name("items"), name("orders"), name("a"), name("b")];
        let references = BTreeMap::from([
            (name("items"), vec![name("orders")]),
            (name("a"), vec![name("b")]),
            (name("b"), vec![name("a")]),
        ]);
        assert_eq!(ordered(&names, &references), [name("orders"), name("items"), name("a"), name("b")]);
    }
}
