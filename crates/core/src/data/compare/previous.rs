//! A restore point against the one before it: a dump of an emptied table is a good dump of bad data.

use std::collections::BTreeMap;

use super::finding::{Differences, counted};
use crate::data::{Manifest, ObjectName, TableContent};
use crate::policy::Check;

/// Whether tables that had rows in the previous restore point have some now. A table that is gone is told where no
/// migration has been applied in between, which could have dropped it.
#[must_use]
pub fn compare_previous(previous: &Manifest, this: &Manifest) -> Vec<Check> {
    let mut differences = Differences::default();
    let now: BTreeMap<&ObjectName, &TableContent> = this.tables.iter().map(|table| (&table.name, table)).collect();
    let may_be_dropped = previous.ledgers != this.ledgers;
    for table in previous.tables.iter().filter(|table| table.rows > 0) {
        let had = counted(table.rows, "row", "rows");
        match now.get(&table.name) {
            Some(now) if now.rows == 0 => {
                differences.found.push(format!("`{}` had {had} in {} and has none", table.name, previous.backup));
            }
            None if !may_be_dropped => {
                differences.found.push(format!(
                    "`{}` had {had} in {} and is gone, though no migration was applied since",
                    table.name, previous.backup
                ));
            }
            Some(_) | None => {}
        }
    }
    vec![differences.check("rows since the last backup", format!("no table was emptied since {}", previous.backup))]
}
