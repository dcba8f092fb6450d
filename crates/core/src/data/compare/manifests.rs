//! Two manifests: of a restore point, and of what came out of it.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Differences, counted};
use super::schemas;
use crate::data::{ConstraintKind, LargeObjects, Ledger, Manifest, ObjectName, Sequence, TableContent};
use crate::policy::Check;

/// The first version in which every `NOT NULL` is a constraint.
const COUNTS_NOT_NULL: u32 = 180_000;

/// Whether what was found is what was expected, a check for each kind of thing; the table above says which.
#[must_use]
pub fn compare(expected: &Manifest, found: &Manifest) -> Vec<Check> {
    let pairs = pairs(&expected.tables, &found.tables);
    vec![
        tables(&expected.tables, &found.tables),
        rows(&pairs),
        contents(&pairs),
        constraints(expected, found),
        indexes(expected, found),
        sequences(&expected.sequences, &found.sequences),
        ledgers(&expected.ledgers, &found.ledgers),
        large_objects(&expected.large_objects, &found.large_objects),
        schemas::schema(expected, found),
        extensions(expected, found),
    ]
}

/// The same table in both.
type Pair<'a> = (&'a TableContent, &'a TableContent);

fn pairs<'a>(expected: &'a [TableContent], found: &'a [TableContent]) -> Vec<Pair<'a>> {
    let found: BTreeMap<&ObjectName, &TableContent> = found.iter().map(|table| (&table.name, table)).collect();
    expected.iter().filter_map(|table| Some((table, *found.get(&table.name)?))).collect()
}

fn tables(expected: &[TableContent], found: &[TableContent]) -> Check {
    let mut differences = Differences::default();
    let names = |tables: &[TableContent]| tables.iter().map(|table| table.name.clone()).collect::<BTreeSet<_>>();
    let (wanted, there) = (names(expected), names(found));
    for table in expected.iter().filter(|table| !there.contains(&table.name)) {
        let had = counted(table.rows, "row", "rows");
        differences.found.push(format!("`{}` with {had} is missing", table.name));
    }
    for table in found.iter().filter(|table| !wanted.contains(&table.name)) {
        let has = counted(table.rows, "row", "rows");
        differences.found.push(format!("`{}` with {has} should not be there", table.name));
    }
    differences.check("tables", format!("{} there", counted(wanted.len() as u64, "table is", "tables are")))
}

fn rows(pairs: &[Pair<'_>]) -> Check {
    let mut differences = Differences::default();
    for (expected, found) in pairs.iter().filter(|(expected, found)| expected.rows != found.rows) {
        let has = counted(found.rows, "row", "rows");
        differences.found.push(format!("`{}` has {has} in place of {}", expected.name, expected.rows));
    }
    let total = pairs.iter().map(|(expected, _)| expected.rows).sum();
    differences.check("rows", format!("{} counted, as many as there were", counted(total, "row", "rows")))
}

fn contents(pairs: &[Pair<'_>]) -> Check {
    let mut differences = Differences::default();
    for (expected, found) in pairs {
        // A table with another number of rows is told already.
        if expected.rows != found.rows {
            continue;
        }
        match (&expected.hash, &found.hash) {
            (Some(was), Some(is)) if was == is => {}
            (Some(was), Some(is)) if method(was) == method(is) => {
                let has = counted(found.rows, "row", "rows");
                differences.found.push(format!("`{}` has {has} as expected, with other values", expected.name));
            }
            (Some(_), Some(_)) => {
                differences.undecided.push(format!("`{}` was hashed in different ways by both servers", expected.name));
            }
            _ => differences.undecided.push(format!("`{}` was counted and not hashed", expected.name)),
        }
    }
    differences.check("contents", format!("{} the same hash", counted(pairs.len() as u64, "table has", "tables have")))
}

/// How a hash was made: what stands before its colon.
fn method(hash: &str) -> &str {
    hash.split_once(':').map_or("", |(method, _)| method)
}

fn constraints(expected: &Manifest, found: &Manifest) -> Check {
    let mut differences = Differences::default();
    let is_comparable = (expected.server_version >= COUNTS_NOT_NULL) == (found.server_version >= COUNTS_NOT_NULL);
    let (was, is) = (&expected.constraints, &found.constraints);
    let kinds: BTreeSet<ConstraintKind> = was.by_kind.keys().chain(is.by_kind.keys()).copied().collect();
    let kinds = kinds.into_iter().filter(|kind| is_comparable || *kind != ConstraintKind::NotNull);
    let mut total = 0;
    for kind in kinds {
        let count = |counts: &BTreeMap<ConstraintKind, u64>| counts.get(&kind).copied().unwrap_or(0);
        total += count(&was.by_kind);
        differences.equal(plural(kind), &count(&was.by_kind), &count(&is.by_kind));
    }
    differences.equal("constraints that were not validated", &was.not_validated, &is.not_validated);
    differences.check("constraints", format!("{} there", counted(total, "constraint is", "constraints are")))
}

fn plural(kind: ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::Primary => "primary keys",
        ConstraintKind::Unique => "unique constraints",
        ConstraintKind::Foreign => "foreign keys",
        ConstraintKind::Check => "check constraints",
        ConstraintKind::Exclusion => "exclusion constraints",
        ConstraintKind::NotNull => "not-null constraints",
    }
}

fn indexes(expected: &Manifest, found: &Manifest) -> Check {
    let mut differences = Differences::default();
    let (was, is) = (expected.constraints.valid_indexes, found.constraints.valid_indexes);
    differences.equal("valid indexes", &was, &is);
    differences.check("indexes", format!("{} valid", counted(was, "index is", "indexes are")))
}

fn sequences(expected: &[Sequence], found: &[Sequence]) -> Check {
    let mut differences = Differences::default();
    let there: BTreeMap<&ObjectName, &Sequence> = found.iter().map(|sequence| (&sequence.name, sequence)).collect();
    let wanted: BTreeSet<&ObjectName> = expected.iter().map(|sequence| &sequence.name).collect();
    for was in expected {
        match there.get(&was.name) {
            None => differences.found.push(format!("`{}` is missing", was.name)),
            Some(is) if is_before(is, was) => {
                let at = format!("`{}` stands at {} in place of {}", was.name, is.last_value, was.last_value);
                let called = if is.last_value == was.last_value { ", which it will hand out again" } else { "" };
                differences.found.push(format!("{at}{called}"));
            }
            Some(_) => {}
        }
    }
    for is in found.iter().filter(|is| !wanted.contains(&is.name)) {
        differences.found.push(format!("`{}` should not be there", is.name));
    }
    differences.check(
        "sequences",
        format!("{} at least where expected", counted(expected.len() as u64, "sequence stands", "sequences stand")),
    )
}

/// Whether a sequence stands where it hands out again what another state of it has handed out. One that cycles may.
fn is_before(is: &Sequence, was: &Sequence) -> bool {
    let moved = |sequence: &Sequence| (sequence.last_value, sequence.is_called);
    match (was.cycles, was.increment < 0) {
        (true, _) => false,
        (false, false) => moved(is) < moved(was),
        (false, true) => (is.last_value.wrapping_neg(), is.is_called) < (was.last_value.wrapping_neg(), was.is_called),
    }
}

fn ledgers(expected: &[Ledger], found: &[Ledger]) -> Check {
    let mut differences = Differences::default();
    let of = |ledgers: &[Ledger]| ledgers.iter().map(|ledger| (ledger.framework, ledger.clone())).collect();
    let (was, is): (BTreeMap<_, Ledger>, BTreeMap<_, Ledger>) = (of(expected), of(found));
    for (framework, was) in &was {
        match is.get(framework) {
            None => differences.found.push(format!("the ledger of {framework} is missing")),
            Some(is) if is != was => {
                let state = |ledger: &Ledger| {
                    let newest = ledger.applied.last().map(|last| format!(", `{last}` the newest")).unwrap_or_default();
                    let dirty = if ledger.is_dirty { ", dirty" } else { "" };
                    format!(
                        "{} applied{newest}{dirty}",
                        counted(ledger.applied.len() as u64, "migration", "migrations")
                    )
                };
                differences.found.push(format!("{framework} has {} in place of {}", state(is), state(was)));
            }
            Some(_) => {}
        }
    }
    for framework in is.keys().filter(|framework| !was.contains_key(framework)) {
        differences.found.push(format!("a ledger of {framework} should not be there"));
    }
    differences.check("ledgers", format!("{} equal", counted(was.len() as u64, "ledger is", "ledgers are")))
}

fn large_objects(expected: &LargeObjects, found: &LargeObjects) -> Check {
    let mut differences = Differences::default();
    differences.equal("large objects", &expected.count, &found.count);
    match (&expected.hash, &found.hash) {
        (Some(was), Some(is)) if was != is => differences.found.push("large objects have other contents".to_owned()),
        (None, _) | (_, None) if expected.count > 0 => {
            differences.undecided.push("large objects were counted, and their contents could not be read".to_owned());
        }
        _ => {}
    }
    differences
        .check("large objects", format!("{} equal", counted(expected.count, "large object is", "large objects are")))
}

fn extensions(expected: &Manifest, found: &Manifest) -> Check {
    let mut differences = Differences::default();
    let there: BTreeMap<&str, &str> =
        found.extensions.iter().map(|extension| (extension.name.as_str(), extension.version.as_str())).collect();
    for was in &expected.extensions {
        match there.get(was.name.as_str()) {
            None => differences.found.push(format!("`{}` is missing", was.name)),
            Some(is) if *is != was.version => {
                let clause = format!("`{}` is {is} in place of {}", was.name, was.version);
                if schemas::is_same_major(expected, found) {
                    differences.found.push(clause);
                } else {
                    differences.undecided.push(format!("{clause}, on another version of PostgreSQL"));
                }
            }
            Some(_) => {}
        }
    }
    let count = counted(expected.extensions.len() as u64, "extension is", "extensions are");
    differences.check("extensions", format!("{count} of the same version"))
}
