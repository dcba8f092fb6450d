//! Base backups of a whole server, and which of them may go.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RestorePoint;

/// A base backup that is kept in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaseBackup {
    /// Its name in the folder.
    pub name: String,
    /// When it ended: moments from then on can be recovered to from it.
    pub ended_at: Timestamp,
    /// What it takes up, in bytes.
    pub bytes: u64,
}

/// The base backups to let go of, the oldest first. `points` are the restore points that are kept.
///
/// | base backup                                                                    | stays |
/// |--------------------------------------------------------------------------------|-------|
/// | one of the newest `keep`, at least one                                         | yes   |
/// | the newest that ended before a restore point whose moment is named in the log  | yes   |
/// | any other                                                                      | no    |
#[must_use]
pub fn bases_to_release<'a>(bases: &'a [BaseBackup], points: &[RestorePoint], keep: u32) -> Vec<&'a BaseBackup> {
    let mut by_age: Vec<&BaseBackup> = bases.iter().collect();
    by_age.sort_by_key(|base| (base.ended_at, &base.name));
    let named = points.iter().filter(|point| point.restore_name.is_some());
    let leading = |point: &RestorePoint| by_age.iter().rev().find(|base| base.ended_at <= point.taken_at);
    let needed: BTreeSet<&str> = named.filter_map(leading).map(|base| base.name.as_str()).collect();
    let beyond = by_age.len().saturating_sub(usize::try_from(keep.max(1)).unwrap_or(usize::MAX));
    by_age.into_iter().take(beyond).filter(|base| !needed.contains(base.name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PointKind;
    use crate::id::{BackupId, Digest};
    use crate::inventory::BlobRef;

    fn base(second: i64) -> BaseBackup {
        let ended_at = Timestamp::from_second(second).unwrap();
        BaseBackup { name: format!("base-{second}"), ended_at, bytes: 1 }
    }

    fn point(second: i64, restore_name: Option<&str>) -> RestorePoint {
        let taken_at = Timestamp::from_second(second).unwrap();
        RestorePoint {
            id: BackupId::mint(taken_at, 7),
            database: "shop".parse().unwrap(),
            taken_at,
            run: None,
            kind: PointKind::Physical,
            store: "file:/srv/".to_owned(),
            objects: Vec::new(),
            manifest: BlobRef { digest: Digest::of(b""), bytes: 0 },
            database_bytes: 0,
            took_ms: 0,
            restore_name: restore_name.map(str::to_owned),
            verified: None,
        }
    }

    #[test]
    fn what_a_named_moment_is_recovered_from_stays() {
        let bases = [base(40), base(10), base(30), base(20)];
        let released = |points: &[RestorePoint], keep| {
            bases_to_release(&bases, points, keep).iter().map(|base| base.ended_at.as_second()).collect::<Vec<_>>()
        };
        assert_eq!(released(&[], 2), [10, 20]);
        assert_eq!(released(&[], 0), [10, 20, 30], "one always stays");
        assert_eq!(released(&[point(25, Some("b-1"))], 1), [10, 30], "20 leads to it");
        assert_eq!(released(&[point(20, Some("b-1"))], 1), [10, 30], "it ended in that very moment");
        assert_eq!(released(&[point(25, None)], 1), [10, 20, 30], "its moment has no name in the log");
        assert_eq!(released(&[point(5, Some("b-1"))], 1), [10, 20, 30], "none leads to it");
    }
}
