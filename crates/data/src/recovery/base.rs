//! Base backups, and which of them a recovery starts from.
//!
//! | moment | base backups that may lead there, newest first |
//! |---|---|
//! | position | those that ended at it or before |
//! | time | those that ended at it or before |
//! | name, transaction, with a known time | those that ended before that time |
//! | name, transaction | all: one that is too new runs past it, and the next is tried |

use backout_core::data::RecoveryTarget;
use backout_core::port::PortError;
use jiff::Timestamp;

/// A base backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    /// What its driver finds it by.
    pub(super) name: String,
    /// When it ended.
    pub(super) ended_at: Timestamp,
    /// The position of the log from which on it is sound.
    pub(super) sound_from: u64,
}

/// Those that may lead to a moment, newest first. `about` is when the moment was, where that is known otherwise.
///
/// # Errors
/// Where there is none.
pub(super) fn leading_to(
    mut bases: Vec<Base>,
    moment: &RecoveryTarget,
    about: Option<Timestamp>,
) -> Result<Vec<Base>, PortError> {
    bases.sort_by_key(|base| std::cmp::Reverse(base.sound_from));
    let oldest = bases.last().cloned();
    let leads = |base: &Base| match moment {
        RecoveryTarget::Lsn { lsn } => position(lsn).is_some_and(|lsn| base.sound_from <= lsn),
        RecoveryTarget::Time { at } => base.ended_at <= *at,
        RecoveryTarget::Name { .. } | RecoveryTarget::Xid { .. } => about.is_none_or(|about| base.ended_at <= about),
    };
    bases.retain(leads);
    if !bases.is_empty() {
        return Ok(bases);
    }
    let what = match oldest {
        None => "there is no base backup to recover from".to_owned(),
        Some(oldest) => {
            let from = written(oldest.sound_from);
            let (name, ended) = (oldest.name, oldest.ended_at);
            format!("every base backup is newer: the oldest, `{name}`, ended at {ended} ({from} in the log)")
        }
    };
    Err(PortError::new(format!("{} cannot be recovered to: {what}", said(moment)))
        .hint("make base backups regularly; for now, go back to a dump"))
}

/// A moment, for a person.
pub(super) fn said(moment: &RecoveryTarget) -> String {
    match moment {
        RecoveryTarget::Name { name } => format!("the restore point `{name}`"),
        RecoveryTarget::Time { at } => format!("{at}"),
        RecoveryTarget::Lsn { lsn } => format!("the position {lsn} of the log"),
        RecoveryTarget::Xid { xid } => format!("the moment before transaction {xid}"),
    }
}

/// A position of the log as a number: `0/3000028`.
pub(super) fn position(text: &str) -> Option<u64> {
    let (high, low) = text.trim().split_once('/')?;
    let half = |digits: &str| u32::from_str_radix(digits, 16).ok().map(u64::from);
    Some(half(high)? << 32 | half(low)?)
}

fn written(position: u64) -> String {
    format!("{:X}/{:X}", position >> 32, position & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(hour: i8, sound_from: u64) -> Base {
        let ended_at = jiff::civil::date(2026, 11, 21).at(hour, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        Base { name: format!("base-{hour}"), ended_at: ended_at.timestamp(), sound_from }
    }

    fn leading(moment: RecoveryTarget, about: Option<&str>) -> Result<Vec<String>, String> {
        let bases = vec![base(1, 0x100), base(3, 0x300), base(2, 0x200)];
        let about = about.map(|about| about.parse().unwrap());
        let found = leading_to(bases, &moment, about).map_err(|error| error.what)?;
        Ok(found.into_iter().map(|base| base.name).collect())
    }

    #[test]
    fn base_backups_lead_as_the_table_says() {
        let name = || RecoveryTarget::Name { name: "x".to_owned() };
        let time = |at: &str| RecoveryTarget::Time { at: at.parse().unwrap() };
        let lsn = |lsn: &str| RecoveryTarget::Lsn { lsn: lsn.to_owned() };
        assert_eq!(leading(lsn("0/200"), None).unwrap(), ["base-2", "base-1"]);
        assert_eq!(leading(time("2026-11-21T02:30:00Z"), None).unwrap(), ["base-2", "base-1"]);
        assert_eq!(leading(name(), Some("2026-11-21T01:59:59Z")).unwrap(), ["base-1"]);
        assert_eq!(leading(name(), None).unwrap(), ["base-3", "base-2", "base-1"]);
        let error = leading(time("2026-11-21T00:30:00Z"), None).unwrap_err();
        assert!(error.contains("`base-1`") && error.contains("0/100"), "{error}");
        assert!(leading_to(Vec::new(), &name(), None).is_err_and(|error| error.what.contains("no base backup")));
        assert_eq!(leading(lsn("1/0"), None).unwrap().len(), 3);
    }
}
