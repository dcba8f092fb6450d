//! One database, or some of its tables, from the server beside into an empty database: streamed, nothing staged.

use backout_adapters::command::Command;
use backout_core::data::ObjectName;
use backout_core::port::{PortError, Progress};

use super::side::Side;
use crate::pipe::bare;
use crate::restore::stream;
use crate::words::{failed, quoted};
use crate::{Address, Target};

/// Copies `dbname` as the server beside has it into the empty database at `to`; of the rows only those of `tables`, where
/// there are any.
///
/// # Errors
/// Where it is not there, or a step fails. What was copied until then is still in the database.
pub(super) async fn copy(
    target: &Target,
    side: &Side,
    to: &Address,
    tables: &[ObjectName],
    progress: &dyn Progress,
) -> Result<(), PortError> {
    let dbname = target.admin_address().await?.dbname().to_owned();
    let from = side.server.address(&dbname);
    let unwanted = unwanted(&from, tables).await?;
    stream(target, to, &dump(side, &from, &unwanted)?, tables, progress).await
}

/// The tables whose rows are not wanted.
async fn unwanted(from: &Address, wanted: &[ObjectName]) -> Result<Vec<ObjectName>, PortError> {
    let session = from.connect().await?;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let ask = "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
        AND n.nspname !~ '^pg_(toast|temp)' ORDER BY 1, 2";
    let rows = session.query_typed(ask, &[]).await.map_err(|error| failed("could not list the tables", &error))?;
    let there: Vec<ObjectName> =
        rows.iter().map(|row| ObjectName::new(row.get::<_, &str>(0), row.get::<_, &str>(1))).collect();
    if let Some(missing) = wanted.iter().find(|table| !there.contains(table)) {
        return Err(PortError::new(format!("the table `{missing}` was not there at that moment")));
    }
    Ok(there.into_iter().filter(|table| !wanted.contains(table)).collect())
}

fn dump(side: &Side, from: &Address, unwanted: &[ObjectName]) -> Result<Command, PortError> {
    let command = side.server.command("pg_dump", ["--format=custom", "--compress=0", "--no-password"])?;
    let left_out =
        unwanted.iter().map(|table| format!("--exclude-table-data={}.{}", quoted(&table.schema), quoted(&table.name)));
    let command = command.args(left_out);
    Ok(bare(from.variables().into_iter().fold(command, |command, (name, value)| command.env(name, value))))
}
