//! Trouble that lasts: what a platform says will not pass by itself, and has not passed for a while.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::id::ServiceName;
use crate::inventory::Fact;

/// How long trouble must last before it is believed: a pull that failed once is tried again within seconds.
const LASTING: SignedDuration = SignedDuration::from_secs(5);

/// Tells trouble that lasts from trouble that passes.
#[derive(Debug, Clone, Default)]
pub struct TroubleWatch {
    /// Services that were in trouble before: theirs is nobody's fault now.
    excused: Vec<ServiceName>,
    since: BTreeMap<ServiceName, Timestamp>,
}

impl TroubleWatch {
    /// Excuses services that were in trouble before.
    #[must_use]
    pub fn new(before: &[Fact]) -> Self {
        let excused = before.iter().filter(|fact| trouble(fact).is_some()).map(|fact| fact.service.clone()).collect();
        Self { excused, since: BTreeMap::new() }
    }

    /// Takes a look at a service; answers with its trouble, in the platform's words, once it has lasted.
    ///
    /// | in trouble before | now | for     | answer      |
    /// |-------------------|-----|---------|-------------|
    /// | yes               |     |         | none        |
    /// | no                | no  |         | none        |
    /// | no                | yes | a while | none        |
    /// | no                | yes | 5 s     | the trouble |
    pub fn look(&mut self, fact: &Fact, now: Timestamp) -> Option<String> {
        let service = &fact.service;
        // A look that failed neither ends the trouble nor confirms it.
        fact.running()?;
        let Some(what) = trouble(fact).filter(|_| !self.excused.contains(service)) else {
            self.since.remove(service);
            return None;
        };
        let since = *self.since.entry(service.clone()).or_insert(now);
        (now.duration_since(since) >= LASTING).then(|| what.to_owned())
    }
}

fn trouble(fact: &Fact) -> Option<&str> {
    Some(&fact.running()?.trouble.as_ref()?.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Running, Seen, Standing};

    fn fact(trouble: Option<&str>) -> Fact {
        let trouble = trouble.map(|what| Standing { what: what.to_owned(), since: None });
        let running = Running {
            label: String::new(),
            wanted: 0,
            instances: Vec::new(),
            unready: Vec::new(),
            trouble,
            busy: None,
            next: None,
        };
        let service = ServiceName::new("web").unwrap();
        Fact { service, observed_at: Timestamp::UNIX_EPOCH, seen: Seen::Present(running), files: BTreeMap::new() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn trouble_is_believed_once_it_has_lasted() {
        let mut watch = TroubleWatch::new(&[fact(None)]);
        assert_eq!(watch.look(&fact(Some("no image")), at(0)), None);
        let unseen = Fact { seen: Seen::Unknown { why: "gone".to_owned() }, ..fact(None) };
        assert_eq!(watch.look(&unseen, at(4)), None);
        assert_eq!(watch.look(&fact(Some("no image")), at(5)).as_deref(), Some("no image"));
    }

    #[test]
    fn trouble_that_passes_begins_anew() {
        let mut watch = TroubleWatch::default();
        for (second, trouble) in [(0, Some("x")), (4, None), (6, Some("x")), (10, Some("x"))] {
            assert_eq!(watch.look(&fact(trouble), at(second)), None, "{second}");
        }
    }

    #[test]
    fn who_was_in_trouble_before_is_excused() {
        let mut watch = TroubleWatch::new(&[fact(Some("x"))]);
        assert_eq!(watch.look(&fact(Some("x")), at(0)), None);
        assert_eq!(watch.look(&fact(Some("x")), at(60)), None);
    }
}
