//! What going back would lose where nothing tells which rows were written since: a dump that another tool made, a restore point of another
//! server. Whole tables are compared, by their hashes, as far as there is time; what is not alike is not known in rows.

use std::collections::{BTreeMap, BTreeSet};

use backout_core::data::{LossEstimate, Manifest, Moment, ObjectName, TableContent, compare_table};
use backout_core::port::PortError;
use tokio::time::Instant;
use tokio_postgres::Client;

use super::estimate::told;
use crate::look::contents::{Hashes, contents};
use crate::words::failed;

/// Estimates what would be lost, `why` being why rows cannot be told apart by age.
pub(super) async fn estimate(
    session: &Client,
    manifest: &Manifest,
    (moment, why): (&Moment, String),
    deadline: Instant,
) -> Result<LossEstimate, PortError> {
    let mut window = moment.since(manifest);
    let now = tables_now(session, deadline).await?;
    let by_name = |tables: &[TableContent]| -> BTreeMap<ObjectName, TableContent> {
        tables.iter().map(|table| (table.name.clone(), table.clone())).collect()
    };
    let then = by_name(&manifest.tables);
    let mut unknown = Some(format!("{why}, and there was no time to compare the tables"));
    let mut tables = Vec::new();
    if let Some(now) = now.as_deref().map(by_name) {
        let names: BTreeSet<&ObjectName> = then.keys().chain(now.keys()).collect();
        let compared = names.into_iter().map(|name| (name, compare_table(name, then.get(name), now.get(name))));
        let (other, alike): (Vec<_>, Vec<_>) = compared.partition(|(_, (_, may_lose))| *may_lose);
        let named: Vec<String> = other.iter().map(|(name, _)| format!("`{name}`")).collect();
        unknown = (!named.is_empty()).then(|| format!("{why}; {} not as it was then", these(&named)));
        window.limits.push(format!(
            "tables were compared as a whole: {} of {} are alike",
            alike.len(),
            alike.len() + named.len()
        ));
        tables.extend(other.into_iter().map(|(_, (estimate, _))| estimate));
    }
    Ok(told(manifest, window, tables, unknown))
}

fn these(named: &[String]) -> String {
    match named {
        [one] => format!("{one} is"),
        several => format!("{} are", several.join(", ")),
    }
}

/// Every table with its hash; `None` where the time was up, or one may not be read.
async fn tables_now(session: &Client, deadline: Instant) -> Result<Option<Vec<TableContent>>, PortError> {
    let left = deadline.saturating_duration_since(Instant::now()).as_millis().max(1);
    let bounds = format!("SET statement_timeout = {left}; SET lock_timeout = {left}");
    session.batch_execute(&bounds).await.map_err(|error| failed("could not bound the comparison", &error))?;
    let found = tokio::time::timeout_at(deadline, contents(session, Hashes::All)).await;
    Ok(found.ok().and_then(Result::ok))
}
