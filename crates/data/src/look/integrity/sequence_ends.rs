//! Sequences against the columns that they fill: one that stands before the largest value hands out values that are taken.

use backout_core::data::ObjectName;
use backout_core::policy::{Check, Verdict};
use backout_core::port::PortError;
use tokio_postgres::{Client, Row};

use super::report::{check, check_of};
use crate::look::catalog::{RELATION_COUNTS, object, row, rows, scanning};
use crate::words::quoted;

const NAME: &str = "sequences are ahead of their columns";

/// Whether no sequence of a serial or identity column stands before the values in it. A sequence that cycles may.
pub(crate) async fn sequence_ends(client: &Client) -> Check {
    let looked = scanning(client, async {
        let found = rows(client, "the sequences", &owned_query()).await?;
        let mut bad = Vec::new();
        for owned in found.iter().map(Owned::of) {
            bad.extend(owned.behind(&row(client, &format!("`{}`", owned.sequence), &owned.query()).await?));
        }
        Ok::<_, PortError>(check_of(
            NAME,
            &bad,
            format!("{} sequences stand at or after the last value of their columns", found.len()),
        ))
    });
    looked.await.unwrap_or_else(|error| check(NAME, Verdict::Unmeasurable, error.what))
}

/// A sequence and the column that it fills.
struct Owned {
    sequence: ObjectName,
    table: ObjectName,
    column: String,
    goes_down: bool,
}

fn owned_query() -> String {
    format!(
        "SELECT n.nspname::text, c.relname::text, tn.nspname::text, t.relname::text, \
           a.attname::text, s.seqincrement < 0 \
         FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
           JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjsubid > 0 \
             AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') \
           JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace \
           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid \
           JOIN pg_type y ON y.oid = a.atttypid \
         WHERE NOT s.seqcycle AND y.typcategory = 'N' AND {RELATION_COUNTS} ORDER BY 1, 2"
    )
}

impl Owned {
    fn of(row: &Row) -> Self {
        Self { sequence: object(row, 0), table: object(row, 2), column: row.get(4), goes_down: row.get(5) }
    }

    fn query(&self) -> String {
        let (end, before) = if self.goes_down { ("min", "<") } else { ("max", ">") };
        let column = quoted(&self.column);
        format!(
            "SELECT e.value {before} s.last_value OR e.value = s.last_value AND NOT s.is_called, e.value::text, \
             s.last_value FROM {} s, (SELECT {end}({column}) AS value FROM {}) e",
            self.sequence.quoted(),
            self.table.quoted(),
        )
    }

    fn behind(&self, row: &Row) -> Option<String> {
        let is_behind: Option<bool> = row.get(0);
        is_behind.unwrap_or(false).then(|| {
            let (value, last): (String, i64) = (row.get(1), row.get(2));
            format!("`{}` stands at {last}, and `{}.{}` has {value}", self.sequence, self.table, self.column)
        })
    }
}
