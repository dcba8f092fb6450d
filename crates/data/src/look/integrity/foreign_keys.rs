//! Foreign keys against the rows that they speak of.

use backout_core::data::ObjectName;
use backout_core::policy::{Check, Verdict};
use backout_core::port::PortError;
use tokio_postgres::{Client, Row};

use super::report::{check, check_of};
use crate::look::catalog::{RELATION_COUNTS, object, row, rows, scanning};
use crate::words::quoted;

const NAME: &str = "foreign keys hold";

/// Whether every row that a foreign key speaks of has the row that it refers to: triggers that were off, a restore that went
/// wrong, and rows older than a key that was never validated, leave some without.
pub(crate) async fn foreign_keys(client: &Client) -> Check {
    let looked = scanning(client, async {
        let mut bad = Vec::new();
        let keys = rows(client, "the foreign keys", &keys_query()).await?;
        for key in keys.iter().map(ForeignKey::of) {
            let count: i64 = row(client, "the rows of a foreign key", &key.orphans()).await?.get(0);
            if count > 0 {
                bad.push(key.told(count));
            }
        }
        Ok::<_, PortError>(check_of(NAME, &bad, format!("{} foreign keys hold for every row", keys.len())))
    });
    looked.await.unwrap_or_else(|error| check(NAME, Verdict::Unmeasurable, error.what))
}

/// A foreign key: its columns with the operator between each pair.
struct ForeignKey {
    name: String,
    table: ObjectName,
    refers: ObjectName,
    /// Whether the table is partitioned: the rows are in its partitions then.
    is_partitioned: bool,
    /// Whether a row may not leave out some of the columns only.
    is_full: bool,
    /// Whether the server has looked at the rows that were there before the key.
    is_validated: bool,
    columns: Vec<String>,
    referred: Vec<String>,
    operators: Vec<String>,
}

/// Since 18 a key may be about periods, which cover each other and need not be equal, or may be told and not enforced: the
/// rows of neither can be judged by equality. Older servers have no such columns.
const IS_OF_EQUALITY: &str = "coalesce(to_jsonb(k)->>'conperiod', 'false') = 'false' \
    AND coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true'";

fn keys_query() -> String {
    let columns = |relation: &str, numbers: &str| {
        format!(
            "ARRAY(SELECT a.attname::text FROM unnest({numbers}) WITH ORDINALITY AS u (attnum, at) JOIN pg_attribute a \
             ON a.attrelid = {relation} AND a.attnum = u.attnum ORDER BY u.at)"
        )
    };
    let (own, referred) = (columns("k.conrelid", "k.conkey"), columns("k.confrelid", "k.confkey"));
    format!(
        "SELECT k.conname::text, n.nspname::text, c.relname::text, rn.nspname::text, r.relname::text, c.relkind = 'p', \
           k.confmatchtype = 'f', k.convalidated, {own}, {referred}, ARRAY(SELECT format('OPERATOR(%I.%s)', pn.nspname, p.oprname) \
             FROM unnest(k.conpfeqop) WITH ORDINALITY AS u (op, at) JOIN pg_operator p ON p.oid = u.op \
             JOIN pg_namespace pn ON pn.oid = p.oprnamespace ORDER BY u.at) \
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
           JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace \
         WHERE k.contype = 'f' AND k.conparentid = 0 AND {IS_OF_EQUALITY} AND {RELATION_COUNTS} ORDER BY 2, 3, 1"
    )
}

impl ForeignKey {
    fn of(row: &Row) -> Self {
        Self {
            name: row.get(0),
            table: object(row, 1),
            refers: object(row, 3),
            is_partitioned: row.get(5),
            is_full: row.get(6),
            is_validated: row.get(7),
            columns: row.get(8),
            referred: row.get(9),
            operators: row.get(10),
        }
    }

    fn told(&self, orphans: i64) -> String {
        let Self { name, table, refers, .. } = self;
        let rows = if orphans == 1 { "1 row of".to_owned() } else { format!("{orphans} rows of") };
        let verb = if orphans == 1 { "has" } else { "have" };
        let never = if self.is_validated { "" } else { ", which was never validated" };
        format!("{rows} `{table}` {verb} no row in `{refers}` (`{name}`{never})")
    }

    /// The statement that counts rows without the row that they refer to.
    fn orphans(&self) -> String {
        let only = if self.is_partitioned { "" } else { "ONLY " };
        let each = |what: &dyn Fn(&String) -> String, between: &str| {
            self.columns.iter().map(what).collect::<Vec<_>>().join(between)
        };
        let set = each(&|column| format!("t.{} IS NOT NULL", quoted(column)), " AND ");
        let some = each(&|column| format!("t.{} IS NOT NULL", quoted(column)), " OR ");
        let pairs = self.columns.iter().zip(&self.referred).zip(&self.operators);
        let matches =
            pairs.map(|((own, referred), operator)| format!("r.{} {operator} t.{}", quoted(referred), quoted(own)));
        let matches = matches.collect::<Vec<_>>().join(" AND ");
        let refers = if self.is_full { format!("({some})") } else { set };
        format!(
            "SELECT count(*) FROM {only}{} t WHERE {refers} AND NOT EXISTS (SELECT FROM {} r WHERE {matches})",
            self.table.quoted(),
            self.refers.quoted(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orphans_are_counted_with_the_operators_of_the_key() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let mut key = ForeignKey {
            name: "items_order".to_owned(),
            table: ObjectName::new("public", "items"),
            refers: ObjectName::new("public", "orders"),
            is_partitioned: false,
            is_full: false,
            is_validated: true,
            columns: texts(&["order", "at"]),
            referred: texts(&["id", "t"]),
            operators: texts(&["OPERATOR(pg_catalog.=)", "OPERATOR(public.=)"]),
        };
        assert_eq!(
            key.orphans(),
            "SELECT count(*) FROM ONLY \"public\".\"items\" t WHERE t.\"order\" IS NOT NULL AND t.\"at\" IS NOT NULL \
             AND NOT EXISTS (SELECT FROM \"public\".\"orders\" r WHERE r.\"id\" OPERATOR(pg_catalog.=) t.\"order\" AND \
             r.\"t\" OPERATOR(public.=) t.\"at\")"
        );
        (key.is_full, key.is_partitioned) = (true, true);
        assert!(
            key.orphans()
                .contains("FROM \"public\".\"items\" t WHERE (t.\"order\" IS NOT NULL OR t.\"at\" IS NOT NULL)")
        );
    }
}
