//! Keeps copies up to date: the release that is going away still writes while its migrations are undone.
//!
//! Contract: from the transaction that makes a copy until [`end`], whatever anybody inserts, changes or deletes in the
//! original is so in the copy. What the migrations themselves do is not followed: their copy is what was there before
//! them. Once they have taken a column or the table away, or given a column another type, nothing is copied any more and
//! nobody is disturbed, whatever becomes of the copy.
//!
//! | who writes | how it is known | what is followed |
//! |---|---|---|
//! | the application | it does not say [`OURS`] | everything but `TRUNCATE` |
//! | we, and tools that heed `PGOPTIONS` | they say it | nothing |
//! | Flyway and Liquibase, whose driver does not heed it | not | new rows only, so that no script overwrites a copy |

use std::time::Duration;

use backout_core::data::{Framework, Preserve};
use backout_core::port::PortError;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::kept;
use crate::words::{failed, literal, quoted};

/// The setting by which a session says that it migrates.
pub(super) const OURS: (&str, &str) = ("backout.migrates", "on");
/// How often a table that somebody holds is asked for: each time as long as the session waits for locks.
const ATTEMPTS: usize = 5;
/// How long those who queued behind us get in between.
const PAUSE: Duration = Duration::from_millis(200);

/// A copy with a key, and what tells it from the others of its schema.
pub(super) struct Mirror<'a> {
    pub(super) preserve: &'a Preserve,
    /// The key of the original and of the copy.
    pub(super) key: &'a [String],
    /// The other columns of the copy.
    pub(super) others: &'a [String],
    pub(super) number: usize,
    /// Whose scripts run meanwhile.
    pub(super) framework: Framework,
}

impl Mirror<'_> {
    /// The statements that make the copy follow its original; none where it has no key, so that its rows cannot be told
    /// apart.
    pub(super) fn statements(&self) -> Vec<String> {
        if self.key.is_empty() {
            return Vec::new();
        }
        let (table, copy) = kept::parts(self.preserve);
        let name = quoted(&format!("{}_{}", copy.schema, self.number));
        let function = format!("{}.{}", quoted(&copy.schema), quoted(&format!("follow_{}", self.number)));
        let events = if self.is_told_apart() { "INSERT OR UPDATE OR DELETE" } else { "INSERT" };
        // Whoever writes need not be allowed to look into what is kept.
        vec![
            format!(
                "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                     SET search_path = pg_catalog, pg_temp AS {}",
                literal(&self.body())
            ),
            format!("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"),
            format!(
                "CREATE TRIGGER {name} AFTER {events} ON {} FOR EACH ROW EXECUTE FUNCTION {function}()",
                table.quoted()
            ),
        ]
    }

    /// The text of the trigger's function. Values are compared as they are stored, and rows found by `ON CONFLICT`: types
    /// need neither an operator for equality nor one that the fixed `search_path` finds. A column that is gone must not even be
    /// named in a statement that runs, so that the first question is one of its own.
    fn body(&self) -> String {
        let (_, copy) = kept::parts(self.preserve);
        let copy = copy.quoted();
        let all = [self.key, self.others].concat();
        let (key, columns) = (listed("", self.key), listed("", &all));
        let (old_key, new_key, first) = (listed("OLD.", self.key), listed("NEW.", self.key), quoted(&self.key[0]));
        let (old, new) = (listed("OLD.", &all), listed("NEW.", &all));
        let set: Vec<String> = self.others.iter().map(|it| format!("{0} = EXCLUDED.{0}", quoted(it))).collect();
        let then = match set.is_empty() || !self.is_told_apart() {
            true => "NOTHING".to_owned(),
            false => format!("UPDATE SET {}", set.join(", ")),
        };
        let ((setting, on), unchanged) = (OURS, self.unchanged(&copy, &all));
        format!(
            "#variable_conflict use_column
             <<here>>
             DECLARE
                 place tid;
             BEGIN
                 IF current_setting('{setting}', true) = '{on}' OR NOT ({unchanged}) THEN
                     RETURN NULL;
                 END IF;
                 IF TG_OP = 'UPDATE' AND record_image_eq(ROW({old}), ROW({new})) THEN
                     RETURN NULL;
                 END IF;
                 IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND NOT record_image_eq(ROW({old_key}), ROW({new_key}))) THEN
                     INSERT INTO {copy} ({key}) VALUES ({old_key})
                         ON CONFLICT ({key}) DO UPDATE SET {first} = EXCLUDED.{first} RETURNING ctid INTO here.place;
                     DELETE FROM {copy} AS k WHERE k.ctid = here.place;
                 END IF;
                 IF TG_OP <> 'DELETE' THEN
                     INSERT INTO {copy} ({columns}) VALUES ({new}) ON CONFLICT ({key}) DO {then};
                 END IF;
                 RETURN NULL;
             END"
        )
    }

    /// The condition that original and copy have all columns, of the same types.
    fn unchanged(&self, copy: &str, columns: &[String]) -> String {
        let names: Vec<String> = columns.iter().map(|name| literal(name)).collect();
        format!(
            "SELECT count(*) = {} FROM pg_attribute o JOIN pg_attribute k
                 ON (k.attname, k.atttypid, k.atttypmod) = (o.attname, o.atttypid, o.atttypmod)
             WHERE o.attrelid = TG_RELID AND k.attrelid = to_regclass({}) AND NOT o.attisdropped
                 AND NOT k.attisdropped AND o.attname = ANY (ARRAY[{}]::name[])",
            columns.len(),
            literal(copy),
            names.join(", ")
        )
    }

    /// Whether what the tool writes can be told from what the application does.
    fn is_told_apart(&self) -> bool {
        !matches!(self.framework, Framework::Flyway | Framework::Liquibase)
    }
}

fn listed(before: &str, names: &[String]) -> String {
    names.iter().map(|name| format!("{before}{}", quoted(name))).collect::<Vec<_>>().join(", ")
}

/// Lets copies follow no more.
///
/// # Errors
/// Where a table is held by somebody for too long: nothing is lost, and it can be asked for again.
pub(super) async fn end(client: &Client, kept_in: &str) -> Result<(), PortError> {
    for function in functions(client, kept_in).await? {
        let drop = format!("DROP FUNCTION IF EXISTS {function} CASCADE");
        let mut attempt = 1;
        while let Err(error) = client.batch_execute(&drop).await {
            if error.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) || attempt == ATTEMPTS {
                return Err(failed("could not end the following of what was kept", &error)
                    .hint("what is kept is whole; run the same command again"));
            }
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Whether a copy still follows its original.
///
/// # Errors
/// Where the catalogs cannot be read.
pub(super) async fn is_on(client: &Client, kept_in: &str) -> Result<bool, PortError> {
    Ok(!functions(client, kept_in).await?.is_empty())
}

async fn functions(client: &Client, kept_in: &str) -> Result<Vec<String>, PortError> {
    let query =
        "SELECT format('%I.%I()', n.nspname, p.proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                 WHERE n.nspname = $1 AND p.proname ^@ 'follow_' AND p.prorettype = 'trigger'::regtype ORDER BY 1";
    let rows = client.query(query, &[&kept_in]).await;
    let rows = rows.map_err(|error| failed("could not look for what follows", &error))?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}
