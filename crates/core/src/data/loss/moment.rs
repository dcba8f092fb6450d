//! Where a server stands now, against where it stood at a restore point: by clock, by log and by transactions.

use jiff::Timestamp;

use crate::data::Manifest;

/// Transaction numbers are compared in 32 bits, so that one farther back than this looks like one that is to come.
const FARTHEST: u64 = 1 << 31;
/// A window longer than this is a clock that was wrong, in milliseconds: ten years.
const LONGEST_MS: i64 = 10 * 365 * 86_400_000;

/// Where a server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Its clock.
    pub at: Timestamp,
    /// The transaction that comes next (`pg_snapshot_xmax`).
    pub next_transaction: u64,
    /// Which cluster it is, where that may be asked.
    pub system_identifier: Option<String>,
    /// Bytes of log since the position in the manifest, where it has one; negative where the log is behind it.
    pub log_bytes: Option<i64>,
}

/// How far a server has come since a restore point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// By its clock, in milliseconds; 0 where the clock cannot be believed.
    pub ms: u64,
    /// By its log, in bytes.
    pub log_bytes: Option<u64>,
    /// What cannot be believed, one sentence each.
    pub limits: Vec<String>,
}

impl Moment {
    /// How far the server has come since `manifest`. Never fails: a clock that jumped is said, and the log and the number of
    /// transactions are told instead.
    #[must_use]
    pub fn since(&self, manifest: &Manifest) -> Window {
        let ms = self.at.as_millisecond().saturating_sub(manifest.taken_at.as_millisecond());
        let log_bytes = self.log_bytes.and_then(|bytes| u64::try_from(bytes).ok());
        let mut limits = Vec::new();
        if !(0..=LONGEST_MS).contains(&ms) {
            let transactions = match &manifest.snapshot {
                Some(snapshot) => self.next_transaction.saturating_sub(snapshot.xmin).to_string(),
                None => "an unknown number of".to_owned(),
            };
            let log = log_bytes.map_or_else(|| "an unknown amount".to_owned(), |bytes| format!("{bytes} bytes"));
            limits.push(format!(
                "the server's clock was set: it says {}, and the restore point was taken at {}; since then {transactions} \
                 transactions were begun and {log} of log written",
                self.at, manifest.taken_at
            ));
        }
        if self.log_bytes.is_some_and(|bytes| bytes < 0) {
            limits.push("the server's log is behind the restore point: the server was itself taken back".to_owned());
        }
        let ms = u64::try_from(ms).ok().filter(|_| ms <= LONGEST_MS).unwrap_or_default();
        Window { ms, log_bytes, limits }
    }

    /// The oldest transaction, in 32 bits, that the restore point's snapshot may not have seen: a row version that is not
    /// older may be new.
    ///
    /// # Errors
    /// In a sentence, why numbers of transactions mean nothing here.
    pub fn row_versions_since(&self, manifest: &Manifest) -> Result<u32, String> {
        let snapshot = manifest.snapshot.as_ref().ok_or("the restore point has no snapshot: another tool took it")?;
        if let (Some(then), Some(now)) = (&manifest.system_identifier, &self.system_identifier)
            && then != now
        {
            return Err("the restore point was taken on another server".to_owned());
        }
        if self.log_bytes.is_some_and(|bytes| bytes < 0) || self.next_transaction < snapshot.xmax {
            return Err("the server was itself taken back to before the restore point".to_owned());
        }
        if self.next_transaction - snapshot.xmin.min(self.next_transaction) >= FARTHEST {
            return Err("more than two thousand million transactions were begun since".to_owned());
        }
        Ok(low(snapshot.xmin))
    }

    /// The same of a transaction that was read on this server, in 64 bits.
    ///
    /// # Errors
    /// In a sentence, why its number means nothing any more.
    pub fn row_versions_since_transaction(&self, transaction: u64) -> Result<u32, String> {
        if self.next_transaction < transaction {
            return Err("the server was itself taken back since".to_owned());
        }
        if self.next_transaction - transaction >= FARTHEST {
            return Err("more than two thousand million transactions were begun since".to_owned());
        }
        Ok(low(transaction))
    }
}

/// A transaction's number in 32 bits. The first three are none.
fn low(full: u64) -> u32 {
    u32::try_from(full % (1 << 32)).unwrap_or_default().max(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ConstraintCounts, DatabaseProperties, LargeObjects, Schema, Snapshot};

    fn manifest() -> Manifest {
        Manifest {
            version: 1,
            backup: "bk-20261121-031502-9f3a2c".parse().unwrap(),
            database: "shop".parse().unwrap(),
            dbname: "shop".to_owned(),
            taken_at: "2026-11-21T10:00:00Z".parse().unwrap(),
            server_version: 150_018,
            system_identifier: Some("7".to_owned()),
            snapshot: Some(Snapshot { text: "100:110:".to_owned(), xmin: 100, xmax: 110 }),
            lsn: Some("0/3000028".to_owned()),
            slot: None,
            tables: vec![],
            sequences: vec![],
            constraints: ConstraintCounts::default(),
            properties: DatabaseProperties::default(),
            extensions: vec![],
            roles: vec![],
            large_objects: LargeObjects::default(),
            schema: Schema::default(),
            ledgers: vec![],
            vault: None,
            tools: std::collections::BTreeMap::new(),
        }
    }

    fn moment(at: &str, next_transaction: u64, log_bytes: Option<i64>) -> Moment {
        Moment { at: at.parse().unwrap(), next_transaction, system_identifier: Some("7".to_owned()), log_bytes }
    }

    #[test]
    fn a_window_is_told_by_clock_and_log() {
        let window = moment("2026-11-21T10:01:00Z", 150, Some(4096)).since(&manifest());
        assert_eq!(window, Window { ms: 60_000, log_bytes: Some(4096), limits: vec![] });
    }

    #[test]
    fn a_clock_that_jumped_either_way_is_said() {
        for at in ["2026-11-21T09:00:00Z", "2126-11-21T09:00:00Z"] {
            let window = moment(at, 150, Some(4096)).since(&manifest());
            assert_eq!(window.ms, 0);
            assert!(
                window.limits[0].contains("50 transactions") && window.limits[0].contains("4096 bytes"),
                "{window:?}"
            );
        }
    }

    #[test]
    fn numbers_of_transactions_hold_on_the_same_server_within_their_range() {
        let at = "2026-11-21T10:01:00Z";
        assert_eq!(moment(at, 150, None).row_versions_since(&manifest()), Ok(100));
        assert!(moment(at, 105, None).row_versions_since(&manifest()).is_err());
        assert!(moment(at, 150, Some(-1)).row_versions_since(&manifest()).is_err());
        assert!(moment(at, 100 + (1 << 31), None).row_versions_since(&manifest()).is_err());
        let elsewhere = Moment { system_identifier: Some("8".to_owned()), ..moment(at, 150, None) };
        assert!(elsewhere.row_versions_since(&manifest()).is_err());
        assert!(moment(at, 150, None).row_versions_since(&Manifest { snapshot: None, ..manifest() }).is_err());
        assert_eq!(moment(at, 150, None).row_versions_since_transaction(120), Ok(120));
        assert!(moment(at, 150, None).row_versions_since_transaction(151).is_err());
        assert!(moment(at, 120 + (1 << 31), None).row_versions_since_transaction(120).is_err());
    }

    #[test]
    fn numbers_are_taken_in_the_bits_that_a_row_has() {
        assert_eq!(low((5 << 32) + 77), 77);
        assert_eq!(low(5 << 32), 3);
    }
}
