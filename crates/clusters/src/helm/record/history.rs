//! All revisions of a release that Helm still has, and where one that it has forgotten can be put back.

use backout_core::id::Digest;
use backout_core::port::PortError;
use kube::core::DynamicObject;

use super::{Record, labelled};

/// The records of one release, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    records: Vec<Record>,
    /// The numbers that are taken, also by records that cannot be read.
    taken: Vec<u32>,
}

/// Where a forgotten revision goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under this number.
    At(u32),
    /// Under the first number, once the newest revision has been copied to the second.
    Below { at: u32, copy: u32 },
}

impl History {
    /// Reads the records of a release. One that cannot be read is no way back; it only takes its number.
    ///
    /// # Errors
    /// The newest cannot be read: nothing is known of what runs.
    pub(crate) fn read(secrets: &[DynamicObject], release: &str) -> Result<Self, PortError> {
        let numbered =
            |secret| labelled(secret).filter(|(name, _)| *name == release).map(|(_, number)| (number, secret));
        let mut secrets: Vec<(u32, &DynamicObject)> = secrets.iter().filter_map(numbered).collect();
        secrets.sort_by_key(|(number, _)| *number);
        let mut read: Vec<Result<Record, PortError>> = secrets.iter().map(|(_, secret)| Record::read(secret)).collect();
        if matches!(read.last(), Some(Err(_))) {
            return Err(read.swap_remove(read.len() - 1).err().unwrap_or_else(|| PortError::new("no record")));
        }
        let taken = secrets.iter().map(|(number, _)| *number).collect();
        Ok(Self { records: read.into_iter().flatten().collect(), taken })
    }

    /// The newest revision: what Helm takes for the present.
    pub(crate) fn newest(&self) -> Option<&Record> {
        self.records.last()
    }

    /// Newest first.
    pub(crate) fn backwards(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().rev()
    }

    /// The newest revision that renders what has that digest. Never the one before the newest for being that.
    pub(crate) fn rendering(&self, manifest: &Digest) -> Option<&Record> {
        self.backwards().find(|record| record.digest() == *manifest)
    }

    /// Where a revision that Helm has forgotten can be put so that Helm goes back *to* it and not *from* it: below the newest,
    /// because Helm removes what the newest revision rendered and the target does not.
    ///
    /// | there                                        | place                                              |
    /// |----------------------------------------------|----------------------------------------------------|
    /// | no record at all                             | its own number                                     |
    /// | its own number is free and below the newest  | its own number                                     |
    /// | any number below the newest is free          | the highest of them                                |
    /// | none: the release was installed anew since   | above the newest, which is copied above that first |
    pub(crate) fn place(&self, own: u32) -> Place {
        let own = own.max(1);
        let Some(newest) = self.taken.last().copied() else { return Place::At(own) };
        let is_free = |number: &u32| !self.taken.contains(number);
        let free = if own < newest && is_free(&own) { Some(own) } else { (1..newest).rev().find(is_free) };
        match free {
            Some(number) => Place::At(number),
            None => {
                let at = own.max(newest.saturating_add(1));
                Place::Below { at, copy: at.saturating_add(1) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::super::fixtures::fixture;
    use super::*;

    fn history(records: &[(&str, u32, Status)]) -> History {
        let secret =
            |(name, number, status): &(&str, u32, Status)| fixture(name).renumbered(*number, status).secret().unwrap();
        History::read(&records.iter().map(secret).collect::<Vec<_>>(), "shop-37").unwrap()
    }

    #[test]
    fn the_newest_revision_that_renders_the_same_is_found_and_never_minus_one() {
        let good = fixture("shop-37.v1").digest();
        let all = history(&[
            ("shop-37.v3", 10, Status::Failed),
            ("shop-37.v1", 2, Status::Superseded),
            ("shop-37.v1", 8, Status::Deployed),
            ("shop-37.v3", 9, Status::Failed),
        ]);
        assert_eq!(all.rendering(&good).map(Record::revision), Some(8));
        assert_eq!(all.newest().map(Record::revision), Some(10), "by number, not by name");
        assert!(all.rendering(&Digest::of(b"other")).is_none());
    }

    #[test]
    fn a_forgotten_revision_is_put_below_the_newest() {
        let of = |numbers: &[u32]| History { records: Vec::new(), taken: numbers.to_vec() };
        assert_eq!(of(&[]).place(4), Place::At(4));
        assert_eq!(of(&[5, 6, 7]).place(4), Place::At(4));
        assert_eq!(of(&[4, 6, 7]).place(4), Place::At(5), "another release of that name took it");
        assert_eq!(of(&[3, 4]).place(12), Place::At(2));
        assert_eq!(of(&[1, 2]).place(12), Place::Below { at: 12, copy: 13 });
        assert_eq!(of(&[1]).place(1), Place::Below { at: 2, copy: 3 });
    }

    #[test]
    fn a_record_that_cannot_be_read_is_no_way_back_unless_it_is_the_newest() {
        let whole = fixture("shop-37.v1").renumbered(2, &Status::Deployed).secret().unwrap();
        let mut broken = fixture("shop-37.v3").renumbered(1, &Status::Failed).secret().unwrap();
        broken.data["data"]["release"] = "AAAA".into();
        let read = History::read(&[whole.clone(), broken.clone()], "shop-37").unwrap();
        assert_eq!((read.backwards().count(), read.taken), (1, vec![1, 2]));
        broken.metadata.labels.as_mut().unwrap().insert("version".into(), "3".into());
        assert!(History::read(&[whole, broken], "shop-37").unwrap_err().what.contains("cannot be read"));
    }
}
