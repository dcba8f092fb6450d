//! Which restore points may go.

use super::{Grade, Graded};
use crate::data::RestorePoint;
use crate::id::DatabaseName;

/// The restore points of a database to let go of, the oldest first.
///
/// | restore point                                          | stays |
/// |--------------------------------------------------------|-------|
/// | one of the newest `keep` of its database, at least one | yes   |
/// | the newest of its database that was verified           | yes   |
/// | that of a retained checkpoint that is graded good      | yes   |
/// | any other                                              | no    |
#[must_use]
pub fn backups_to_release<'a>(
    points: &'a [RestorePoint],
    checkpoints: &[Graded],
    database: &DatabaseName,
    keep: u32,
) -> Vec<&'a RestorePoint> {
    let mut of_database: Vec<&RestorePoint> = points.iter().filter(|point| point.database == *database).collect();
    of_database.sort_by_key(|point| (point.taken_at, &point.id));
    let beyond = of_database.len().saturating_sub(keep.max(1) as usize);
    let newest_verified = of_database.iter().rev().find(|point| point.verified.is_some()).map(|point| point.id.clone());
    let is_needed = |point: &RestorePoint| {
        let good = checkpoints.iter().filter(|graded| graded.is_retained && graded.grade == Grade::Good);
        good.filter_map(|graded| graded.checkpoint.databases.get(database)?.backup.as_ref())
            .any(|needed| needed.id == point.id)
    };
    let is_best = |point: &RestorePoint| Some(&point.id) == newest_verified.as_ref();
    of_database.into_iter().take(beyond).filter(|point| !is_needed(point) && !is_best(point)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::data::{DataPoint, Level, Packing, PointKind, Sealing};
    use crate::id::{BackupId, CheckpointId, Digest, EnvironmentName};
    use crate::inventory::{BlobRef, Checkpoint};

    fn point(second: i64) -> RestorePoint {
        RestorePoint {
            id: BackupId::mint(Timestamp::from_second(second).unwrap(), 0),
            database: DatabaseName::new("main").unwrap(),
            taken_at: Timestamp::from_second(second).unwrap(),
            run: None,
            kind: PointKind::Custom { packing: Packing::None, sealing: Sealing::None },
            store: "file:backups".to_owned(),
            objects: Vec::new(),
            manifest: blob(),
            database_bytes: 1,
            took_ms: 1,
            restore_name: None,
            verified: None,
        }
    }

    fn blob() -> BlobRef {
        BlobRef { digest: Digest::of(b"x"), bytes: 1 }
    }

    fn graded(point: &RestorePoint, grade: Grade, is_retained: bool) -> Graded {
        let database = point.database.clone();
        let data = DataPoint {
            database: database.clone(),
            schema_digest: Digest::of(b"s"),
            schema: blob(),
            ledgers: Vec::new(),
            backup: Some(point.clone()),
        };
        let checkpoint = Checkpoint {
            id: CheckpointId::mint(point.taken_at, 0),
            environment: EnvironmentName::new("production").unwrap(),
            taken_at: point.taken_at,
            run: None,
            why: String::new(),
            artifacts: BTreeMap::new(),
            absent: Vec::new(),
            databases: [(database, data)].into(),
            source: None,
            said: BTreeMap::new(),
            tag: None,
        };
        Graded { checkpoint, grade, why: String::new(), is_retained }
    }

    fn seconds(released: &[&RestorePoint]) -> Vec<i64> {
        released.iter().map(|point| point.taken_at.as_second()).collect()
    }

    #[test]
    fn the_newest_stay_and_so_does_what_a_good_checkpoint_needs() {
        let points: Vec<RestorePoint> = [3, 1, 2, 4].into_iter().map(point).collect();
        let main = DatabaseName::new("main").unwrap();
        let release = |checkpoints: &[Graded], keep| seconds(&backups_to_release(&points, checkpoints, &main, keep));
        assert_eq!(release(&[], 2), [1, 2]);
        assert_eq!(release(&[], 0), [1, 2, 3], "one always stays");
        assert_eq!(release(&[], 9), [0; 0]);
        assert_eq!(release(&[graded(&points[1], Grade::Good, true)], 2), [2]);
        for of_no_use in [graded(&points[1], Grade::Bad, true), graded(&points[1], Grade::Good, false)] {
            assert_eq!(release(&[of_no_use], 2), [1, 2]);
        }
        let other = DatabaseName::new("other").unwrap();
        assert!(backups_to_release(&points, &[], &other, 1).is_empty());
    }

    #[test]
    fn the_newest_that_was_verified_stays_whatever_is_newer() {
        let mut points: Vec<RestorePoint> = [1, 2, 3, 4].into_iter().map(point).collect();
        points[0].verified = Some(Level::V1);
        points[1].verified = Some(Level::V3);
        let main = DatabaseName::new("main").unwrap();
        assert_eq!(seconds(&backups_to_release(&points, &[], &main, 1)), [1, 3]);
    }
}
