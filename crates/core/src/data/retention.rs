//! Which restore points may go.
//!
//! | a restore point | goes |
//! |---|---|
//! | that a good checkpoint needs | never |
//! | that is the newest of those that were verified | never |
//! | among the newest that are kept | no |
//! | any other | yes |

use std::collections::BTreeSet;

use super::RestorePoint;
use crate::id::BackupId;

/// The restore points of one database that are kept for nothing, the oldest first. `keep` is how many of the newest stay;
/// `needed` are those of good checkpoints that are kept, whose way back must not go before them.
#[must_use]
pub fn points_to_release<'a>(points: &'a [RestorePoint], keep: u32, needed: &BTreeSet<BackupId>) -> Vec<&'a BackupId> {
    let mut by_age: Vec<&RestorePoint> = points.iter().collect();
    by_age.sort_by(|a, b| b.taken_at.cmp(&a.taken_at).then_with(|| b.id.cmp(&a.id)));
    let newest_verified = by_age.iter().find(|point| point.verified.is_some()).map(|point| &point.id);
    let old = by_age.iter().skip(usize::try_from(keep).unwrap_or(usize::MAX)).map(|point| &point.id);
    let mut going: Vec<&BackupId> = old.filter(|id| !needed.contains(*id) && Some(*id) != newest_verified).collect();
    going.reverse();
    going
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::data::{Level, PointKind};
    use crate::id::Digest;
    use crate::inventory::BlobRef;

    fn point(second: i64, verified: Option<Level>) -> RestorePoint {
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
            restore_name: None,
            verified,
        }
    }

    #[test]
    fn the_oldest_go_first_and_what_is_needed_stays() {
        let points: Vec<RestorePoint> = [3, 1, 5, 2, 4].map(|second| point(second, Some(Level::V1))).into();
        let needed = BTreeSet::from([points[3].id.clone()]);
        assert_eq!(points_to_release(&points, 2, &needed), [&points[1].id, &points[0].id]);
        assert!(points_to_release(&points, 5, &BTreeSet::new()).is_empty());
    }

    #[test]
    fn the_newest_that_was_verified_stays_whatever_is_newer() {
        let points = [point(1, Some(Level::V1)), point(2, Some(Level::V3)), point(3, None), point(4, None)];
        assert_eq!(points_to_release(&points, 1, &BTreeSet::new()), [&points[0].id, &points[2].id]);
        let none = BTreeSet::new();
        assert_eq!(points_to_release(&points, 0, &none), [&points[0].id, &points[2].id, &points[3].id]);
    }
}
