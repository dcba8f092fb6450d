//! Counting lines of a log that must not be there.
//!
//! Contract: whatever is fed, memory stays bounded; a line is kept nowhere, because secrets may stand in it: what is told is
//! how many lines matched which pattern.

use std::collections::BTreeMap;

use regex::Regex;

/// What is looked at of one line, in bytes; the rest of a longer one is passed over.
const LINE: usize = 16 * 1024;

/// Counts, while a log comes in in pieces.
#[derive(Debug)]
pub struct LogScan {
    patterns: Vec<(String, Regex)>,
    line: Vec<u8>,
    found: BTreeMap<usize, u64>,
    lines: u64,
}

/// What was found in a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFound {
    /// How many lines were read.
    pub lines: u64,
    /// How many of them matched, by the first pattern that did.
    pub matching: Vec<(String, u64)>,
}

impl LogScan {
    /// Looks for these regular expressions. One that does not compile finds nothing.
    #[must_use]
    pub fn new(patterns: &[String]) -> Self {
        let compiled = patterns.iter().filter_map(|text| Some((text.clone(), Regex::new(text).ok()?)));
        Self { patterns: compiled.collect(), line: Vec::new(), found: BTreeMap::new(), lines: 0 }
    }

    /// Takes the next piece; it may end in the middle of a line.
    pub fn feed(&mut self, bytes: &[u8]) {
        for (index, part) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                self.end_line();
            }
            let room = LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.lines += 1;
        let text = String::from_utf8_lossy(&line);
        if let Some(which) = self.patterns.iter().position(|(_, pattern)| pattern.is_match(&text)) {
            *self.found.entry(which).or_default() += 1;
        }
    }

    /// What was found since the last time that this was asked. A line that has not ended yet counts the next time.
    pub fn take(&mut self) -> LogFound {
        let (found, lines) = (std::mem::take(&mut self.found), std::mem::take(&mut self.lines));
        self.told(&found, lines)
    }

    /// What was found. A last line without its end counts.
    #[must_use]
    pub fn finish(mut self) -> LogFound {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.told(&self.found, self.lines)
    }

    fn told(&self, found: &BTreeMap<usize, u64>, lines: u64) -> LogFound {
        let name = |which: usize| self.patterns.get(which).map(|(text, _)| text.clone()).unwrap_or_default();
        LogFound { lines, matching: found.iter().map(|(which, times)| (name(*which), *times)).collect() }
    }
}

impl LogFound {
    /// How many lines matched in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.matching.iter().map(|(_, times)| times).sum()
    }

    /// In a sentence: how many lines matched which pattern.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.matching.is_empty() {
            return format!("none of {} lines matches", self.lines);
        }
        let each = self.matching.iter().map(|(pattern, times)| format!("{times} match `{pattern}`"));
        format!("of {} lines {}", self.lines, each.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(pieces: &[&str]) -> LogFound {
        let mut scan = LogScan::new(&["panic".to_owned(), "(?i)error [0-9]+".to_owned()]);
        pieces.iter().for_each(|piece| scan.feed(piece.as_bytes()));
        scan.finish()
    }

    #[test]
    fn lines_are_counted_wherever_the_pieces_are_cut() {
        let whole = scanned(&["fine\nit panics: Error 7\nerror 12\nerror\npanic"]);
        assert_eq!(whole.matching, [("panic".to_owned(), 2), ("(?i)error [0-9]+".to_owned(), 1)]);
        assert_eq!((whole.lines, whole.total()), (5, 3));
        assert_eq!(scanned(&["fine\nit pan", "ics: Error 7\nerr", "or 12\nerror\n", "panic"]), whole);
    }

    #[test]
    fn a_log_without_matches_says_how_much_was_read() {
        assert_eq!(scanned(&["a\nb\n"]).in_words(), "none of 2 lines matches");
        assert_eq!(scanned(&[]).total(), 0);
    }

    #[test]
    fn a_line_that_grows_between_two_looks_counts_once() {
        let mut scan = LogScan::new(&["panic".to_owned()]);
        scan.feed(b"panic\npanic: half");
        assert_eq!(scan.take().total(), 1);
        scan.feed(b" a line\nfine\n");
        assert_eq!(scan.take(), LogFound { lines: 2, matching: vec![("panic".to_owned(), 1)] });
    }

    #[test]
    fn the_end_of_an_endless_line_is_passed_over() {
        let mut scan = LogScan::new(&["panic".to_owned()]);
        (0..1000).for_each(|_| scan.feed(&[b'x'; 1024]));
        assert!(scan.line.len() <= LINE);
        scan.feed(b"panic\npanic\n");
        assert_eq!(scan.finish().total(), 1);
    }
}
