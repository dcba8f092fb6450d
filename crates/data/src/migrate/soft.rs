//! Putting columns and tables out of the way in place of dropping them, and back.
//!
//! Contract: what a drop would have taken along (defaults, not-null, constraints, indexes) is taken away as well, so that
//! the release before finds the schema that it knows; the statements that bring it back are written down in the same
//! transaction.

use backout_core::data::{ObjectName, Preserve};
use backout_core::port::PortError;
use tokio_postgres::{Client, Transaction};

use super::keep::{exists, told};
use super::kept::{self, Kept};
use crate::words::{failed, quoted};

/// Puts something out of the way, within the transaction of the step that would drop it.
pub(super) async fn put_aside(
    transaction: &Transaction<'_>,
    kept_in: &str,
    preserve: &Preserve,
) -> Result<(), PortError> {
    let (forth, back) = match preserve {
        Preserve::Column { table, column, kept_as } => column_aside(transaction, (table, column), kept_as).await?,
        Preserve::Table { table, kept_as } | Preserve::Rows { table, kept_as } => {
            table_aside(transaction, table, kept_as).await?
        }
    };
    let kept = Kept { preserve: preserve.clone(), is_moved: true, back };
    let statements = [vec![kept::opened(kept_in)], forth, vec![kept::recorded(kept_in, &kept)?]].concat();
    let done = transaction.batch_execute(&statements.join(";\n")).await;
    done.map_err(|error| failed(&format!("could not put {} aside", told(preserve)), &error))
}

/// Both ways, each as statements in order.
type Ways = (Vec<String>, Vec<String>);

async fn column_aside(
    transaction: &Transaction<'_>,
    (table, column): (&ObjectName, &str),
    kept_as: &ObjectName,
) -> Result<Ways, PortError> {
    let alter = format!("ALTER TABLE {}", table.quoted());
    let (name, aside) = (quoted(column), quoted(&kept_as.name));
    let (mut forth, mut back) = (Vec::new(), vec![format!("{alter} RENAME COLUMN {aside} TO {name}")]);
    let query = "SELECT a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attnum, a.attidentity::text
                 FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                 WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped";
    let what = || format!("could not look at column `{column}` of `{table}`");
    let row = transaction.query_one(query, &[&table.quoted(), &column]).await.map_err(|it| failed(&what(), &it))?;
    let (not_null, default, number): (bool, Option<String>, i16) = (row.get(0), row.get(1), row.get(2));
    if !row.get::<_, String>(3).is_empty() {
        return Err(PortError::new(format!("identity column `{column}` of `{table}` cannot be put aside"))
            .hint("go back by restoring beside; nothing of this step was done"));
    }
    let parts = "SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname),
                        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
                 FROM pg_constraint WHERE conrelid = to_regclass($1) AND $2 = ANY (conkey) AND contype <> 'n'
                 UNION ALL
                 SELECT format('DROP INDEX IF EXISTS %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
                 FROM pg_index WHERE indrelid = to_regclass($1) AND $2 = ANY (indkey)
                   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid AND c.conrelid = indrelid)";
    let rows = transaction.query(parts, &[&table.quoted(), &number]).await.map_err(|it| failed(&what(), &it))?;
    forth.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    if let Some(default) = &default {
        forth.push(format!("{alter} ALTER COLUMN {name} DROP DEFAULT"));
        back.push(format!("{alter} ALTER COLUMN {name} SET DEFAULT {default}"));
    }
    if not_null {
        forth.push(format!("{alter} ALTER COLUMN {name} DROP NOT NULL"));
        // Rows written meanwhile have no value; the default is what they would have got.
        let fill = format!("UPDATE {} SET {name} = DEFAULT WHERE {name} IS NULL", table.quoted());
        back.extend(default.is_some().then_some(fill));
        back.push(format!("{alter} ALTER COLUMN {name} SET NOT NULL"));
    }
    forth.push(format!("{alter} RENAME COLUMN {name} TO {aside}"));
    back.extend(rows.iter().map(|row| row.get::<_, String>(1)));
    Ok((forth, back))
}

async fn table_aside(
    transaction: &Transaction<'_>,
    table: &ObjectName,
    kept_as: &ObjectName,
) -> Result<Ways, PortError> {
    let moved = ObjectName::new(&kept_as.schema, &table.name);
    let mut forth = Vec::new();
    let mut back = Vec::new();
    let query = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
                        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
                 FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype = 'f' AND conparentid = 0";
    let rows = transaction.query(query, &[&table.quoted()]).await;
    let rows = rows.map_err(|error| failed(&format!("could not look at `{table}`"), &error))?;
    forth.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    forth.push(format!("ALTER TABLE {} SET SCHEMA {}", table.quoted(), quoted(&kept_as.schema)));
    if table.name != kept_as.name {
        forth.push(format!("ALTER TABLE {} RENAME TO {}", moved.quoted(), quoted(&kept_as.name)));
        back.push(format!("ALTER TABLE {} RENAME TO {}", kept_as.quoted(), quoted(&table.name)));
    }
    back.push(format!("ALTER TABLE {} SET SCHEMA {}", moved.quoted(), quoted(&table.schema)));
    back.extend(rows.iter().map(|row| row.get::<_, String>(1)));
    Ok((forth, back))
}

/// Makes what was put aside what it was: each in a transaction of its own. What is not put aside is passed over.
///
/// # Errors
/// Where something of the same name is there now, or rows written meanwhile do not fit.
pub(super) async fn restore(client: &mut Client, objects: &[Preserve]) -> Result<String, PortError> {
    let mut count = 0;
    for (schema, kept) in aside(client, objects).await?.into_iter().rev() {
        let what = || format!("could not put {} back", told(&kept.preserve));
        let transaction = client.transaction().await.map_err(|error| failed(&what(), &error))?;
        let statements = [vec!["SET LOCAL lock_timeout = '3s'".to_owned()], kept.back.clone()].concat();
        let statements = [statements, vec![kept::forgotten(&schema, &kept.preserve)?]].concat();
        transaction.batch_execute(&statements.join(";\n")).await.map_err(|error| failed(&what(), &error))?;
        transaction.commit().await.map_err(|error| failed(&what(), &error))?;
        count += 1;
    }
    Ok(format!("{count} of {} things were renamed back", objects.len()))
}

/// Which of some things are still put aside.
pub(super) async fn not_restored(client: &Client, objects: &[Preserve]) -> Result<Vec<Preserve>, PortError> {
    let mut left: Vec<Preserve> = aside(client, objects).await?.into_iter().map(|(_, kept)| kept.preserve).collect();
    for object in objects {
        if let Preserve::Table { table, .. } = object
            && !exists(client, table).await?
            && !left.contains(object)
        {
            left.push(object.clone());
        }
    }
    Ok(left)
}

async fn aside(client: &Client, objects: &[Preserve]) -> Result<Vec<(String, Kept)>, PortError> {
    let mut found = Vec::new();
    for schema in kept::schemas(client).await? {
        let kept = kept::kept(client, &schema).await?.into_iter();
        let wanted = kept.filter(|kept| kept.is_moved && objects.contains(&kept.preserve));
        found.extend(wanted.map(|kept| (schema.clone(), kept)));
    }
    Ok(found)
}
