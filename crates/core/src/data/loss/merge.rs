//! Puts lost rows back beside what was written since: the three-way merge of one row, and the order of tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{LostRow, Operation, Values};
use crate::data::ObjectName;

/// What is done with one lost row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it was lost already.
    Same,
    /// It is put in.
    Insert,
    /// The row in use gets its values.
    Update,
    /// The row in use is deleted.
    Delete,
    /// It was deleted, and deletes are only listed.
    Listed,
    /// Both sides have changed it: it is listed, and nothing is overwritten. In words.
    Conflict(&'static str),
}

/// Decides what is done with a lost row, from its base (`lost.was`), itself and the row in use with its key. Values are of
/// the same columns in all three.
///
/// | lost     | in use         | comes to                                       |
/// |----------|----------------|------------------------------------------------|
/// | any      | as lost        | same                                           |
/// | inserted | absent         | insert; a conflict where uncertain             |
/// | inserted | differs        | conflict: both have put one in                 |
/// | updated  | absent         | conflict: deleted since                        |
/// | updated  | as its base    | update                                         |
/// | updated  | differs        | conflict: both have changed it                 |
/// | deleted  | as its base    | delete where deletes are wanted, else listed   |
/// | deleted  | differs        | conflict: changed since                        |
///
/// An unknown base is as none: nothing is equal to it.
#[must_use]
pub fn merge(lost: &LostRow, in_use: Option<&Values>, with_deletes: bool) -> Verdict {
    let (row, base) = (lost.row.as_ref(), lost.was.as_ref());
    if row == in_use {
        return Verdict::Same;
    }
    let is_untouched = base.is_some() && base == in_use;
    match (lost.op, in_use) {
        (Operation::Inserted, None) if lost.certain => Verdict::Insert,
        (Operation::Inserted, None) => Verdict::Conflict("it may have been deleted since"),
        (Operation::Inserted, Some(_)) => Verdict::Conflict("another row has its key"),
        (Operation::Updated, None) => Verdict::Conflict("it was deleted since"),
        (Operation::Updated, Some(_)) if is_untouched => Verdict::Update,
        (Operation::Updated, Some(_)) => Verdict::Conflict("it was changed since as well"),
        (Operation::Deleted, Some(_)) if !is_untouched => Verdict::Conflict("it was changed since"),
        (Operation::Deleted, _) if with_deletes => Verdict::Delete,
        (Operation::Deleted, _) => Verdict::Listed,
    }
}

/// Tables in groups that foreign keys tie together, each group with what is referred to first. `references` are pairs of a
/// table and the one that it refers to; those in a circle come by name.
#[must_use]
pub fn groups(tables: &BTreeSet<ObjectName>, references: &[(ObjectName, ObjectName)]) -> Vec<Vec<ObjectName>> {
    let inside: Vec<&(ObjectName, ObjectName)> =
        references.iter().filter(|(from, to)| from != to && tables.contains(from) && tables.contains(to)).collect();
    let mut left: BTreeSet<&ObjectName> = tables.iter().collect();
    let mut groups = Vec::new();
    while let Some(first) = left.pop_first() {
        let mut group = BTreeSet::from([first]);
        while let Some(next) = inside.iter().find_map(|(from, to)| match (group.contains(from), group.contains(to)) {
            (true, false) => Some(to),
            (false, true) => Some(from),
            _ => None,
        }) {
            left.remove(next);
            group.insert(next);
        }
        groups.push(ordered(&group, &inside));
    }
    groups
}

fn ordered(group: &BTreeSet<&ObjectName>, references: &[&(ObjectName, ObjectName)]) -> Vec<ObjectName> {
    let mut needs: BTreeMap<&ObjectName, BTreeSet<&ObjectName>> =
        group.iter().map(|table| (*table, BTreeSet::new())).collect();
    for (from, to) in references {
        if let Some(needs) = needs.get_mut(from) {
            needs.insert(to);
        }
    }
    let mut order = Vec::new();
    while let Some(next) =
        needs.iter().find(|(_, needs)| needs.is_empty()).or(needs.iter().next()).map(|(name, _)| *name)
    {
        needs.remove(next);
        needs.values_mut().for_each(|needs| {
            needs.remove(next);
        });
        order.push(next.clone());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Values {
        Values::from([("a".to_owned(), Some(text.to_owned()))])
    }

    fn lost(op: Operation, row: Option<&str>, was: Option<&str>) -> LostRow {
        LostRow {
            table: ObjectName::new("public", "t"),
            op,
            key: values("1"),
            row: row.map(values),
            was: was.map(values),
            certain: true,
            xid: None,
        }
    }

    #[test]
    fn every_line_of_the_table() {
        use Operation::{Deleted, Inserted, Updated};
        let is_conflict = |verdict| matches!(verdict, Verdict::Conflict(_));
        let decide = |lost: &LostRow, in_use: Option<&str>| merge(lost, in_use.map(values).as_ref(), false);
        let inserted = lost(Inserted, Some("new"), None);
        assert_eq!(decide(&inserted, Some("new")), Verdict::Same);
        assert_eq!(decide(&inserted, None), Verdict::Insert);
        assert!(is_conflict(decide(&inserted, Some("other"))));
        assert!(is_conflict(decide(&LostRow { certain: false, ..inserted }, None)));
        let updated = lost(Updated, Some("new"), Some("old"));
        assert_eq!(decide(&updated, Some("new")), Verdict::Same);
        assert_eq!(decide(&updated, Some("old")), Verdict::Update);
        assert!(is_conflict(decide(&updated, Some("other"))));
        assert!(is_conflict(decide(&updated, None)));
        let unknown = LostRow { was: None, certain: false, ..updated };
        assert!(is_conflict(decide(&unknown, Some("old"))));
        let deleted = lost(Deleted, None, Some("old"));
        assert_eq!(decide(&deleted, None), Verdict::Same);
        assert_eq!(decide(&deleted, Some("old")), Verdict::Listed);
        assert_eq!(merge(&deleted, Some(&values("old")), true), Verdict::Delete);
        assert!(is_conflict(merge(&deleted, Some(&values("other")), true)));
    }

    #[test]
    fn what_is_referred_to_comes_first_and_strangers_stand_apart() {
        let name = |name: &str| ObjectName::new("public", name);
        let tables: BTreeSet<ObjectName> = ["a_lines", "orders", "users", "log", "x", "y"].map(name).into();
        let references = [
            ("a_lines", "orders"),
            ("orders", "users"),
            ("users", "users"),
            ("orders", "elsewhere"),
            ("x", "y"),
            ("y", "x"),
        ];
        let references: Vec<_> = references.into_iter().map(|(from, to)| (name(from), name(to))).collect();
        let groups = groups(&tables, &references);
        let expected: Vec<Vec<ObjectName>> =
            vec![["users", "orders", "a_lines"].map(name).to_vec(), vec![name("log")], ["x", "y"].map(name).to_vec()];
        assert_eq!(groups, expected);
    }
}
