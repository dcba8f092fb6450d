//! One group of tables in one transaction: its way back is durable before it is committed.

use backout_core::data::{LostRow, ObjectName};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::apply::Group;
use super::reimport::ReimportReport;
use crate::loss::rows::lines::{Report, Section};
use crate::loss::rows::walk::BATCH;
use crate::words::{failed, quoted};

/// The table, in a schema of its own, with the rows that take a group back.
pub(super) fn kept(schema: &str) -> String {
    format!("{}.rows", quoted(schema))
}

/// Puts the rows of `sections` back. What takes it back is kept in the schema `kept_in` where one is named, else in a file.
pub(super) async fn run(
    mut group: Group<'_>,
    (report, sections): (&Report, &[&Section]),
    kept_in: Option<&str>,
    done: &mut ReimportReport,
) -> Result<(), PortError> {
    let client = group.client;
    let wrong = |error| failed("could not put rows back", &error);
    client.batch_execute("BEGIN; SET CONSTRAINTS ALL IMMEDIATE").await.map_err(wrong)?;
    let mut woken = Vec::new();
    if group.options.without_triggers {
        for section in sections.iter().filter(|section| group.shapes.contains_key(&section.table)) {
            woken.extend(silence(client, &section.table).await?);
        }
    }
    group.apply(report, sections).await?;
    client.batch_execute(&woken.join("; ")).await.map_err(wrong)?;
    done.tables.extend(std::mem::take(&mut group.tables).into_values());
    if group.options.dry_run || group.undo.count() == 0 {
        return client.batch_execute("ROLLBACK").await.map_err(wrong);
    }
    let undo = group.undo.finish()?;
    let Some(schema) = kept_in else {
        done.undo.insert(0, undo.display().to_string());
        return client.batch_execute("COMMIT").await.map_err(wrong);
    };
    keep(client, schema, &Report::open(&undo)?).await?;
    client.batch_execute("COMMIT").await.map_err(wrong)?;
    // Its rows are in the table now.
    std::fs::remove_file(&undo).map_err(|error| PortError::new(format!("could not remove {}: {error}", undo.display())))
}

/// Writes rows into the table that commits with what they take back.
async fn keep(client: &Client, schema: &str, undo: &Report) -> Result<(), PortError> {
    let wrong = |error| failed("could not keep what is overwritten", &error);
    let made = format!(
        "CREATE SCHEMA IF NOT EXISTS {}; CREATE TABLE IF NOT EXISTS {} (id bigserial PRIMARY KEY, line text NOT NULL)",
        quoted(schema),
        kept(schema)
    );
    client.batch_execute(&made).await.map_err(wrong)?;
    let statement = format!("INSERT INTO {} (line) SELECT unnest($1::text[])", kept(schema));
    for section in &undo.sections {
        let rows: Vec<LostRow> = undo.rows(section)?.collect::<Result<_, _>>()?;
        for rows in rows.chunks(BATCH) {
            let lines: Vec<String> = rows.iter().filter_map(|row| serde_json::to_string(row).ok()).collect();
            client.execute(&statement, &[&lines]).await.map_err(wrong)?;
        }
    }
    Ok(())
}

/// Silences the triggers of a table that would fire. Answers with the statements that wake them as they were.
async fn silence(client: &Client, table: &ObjectName) -> Result<Vec<String>, PortError> {
    let wrong = |error| failed(&format!("could not silence the triggers of `{table}`"), &error);
    let asked = "SELECT tgname::text, tgenabled::text FROM pg_trigger WHERE tgrelid = $1::text::regclass AND NOT tgisinternal \
                 AND tgenabled <> 'D'";
    let named = table.quoted();
    let mut woken = Vec::new();
    for row in client.query(asked, &[&named]).await.map_err(wrong)? {
        let (name, how): (String, String) = (row.get(0), row.get(1));
        let name = quoted(&name);
        client.batch_execute(&format!("ALTER TABLE {named} DISABLE TRIGGER {name}")).await.map_err(wrong)?;
        let how = match how.as_str() {
            "R" => "ENABLE REPLICA",
            "A" => "ENABLE ALWAYS",
            _ => "ENABLE",
        };
        woken.push(format!("ALTER TABLE {named} {how} TRIGGER {name}"));
    }
    Ok(woken)
}
