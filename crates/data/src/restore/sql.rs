//! SQL text on its way into `psql`, which does more than SQL: `\!` starts programs, `\connect` goes to another database.
//!
//! Contract: the text can do neither. `psql` is put into its restricted mode before the first line of the text, under a
//! key that the text cannot know; newer versions of `pg_dump` do the same with a key of their own, whose lines are left out,
//! because that mode cannot be entered twice. A `psql` that is too old to know it refuses the first line.

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// Longer pieces of a line are handed on unseen: no line of interest is as long.
const PIECE: u64 = 64 * 1024;
/// How many lines of comments may stand before the line that enters restricted mode.
const HEAD: u32 = 64;

/// SQL text that can do nothing but SQL.
pub(crate) struct Shielded<R> {
    source: BufReader<R>,
    ready: Cursor<Vec<u8>>,
    at_line_start: bool,
    /// Lines of the head that may still come.
    head: u32,
    /// What leaves restricted mode again at the end of the text.
    leave: Option<Vec<u8>>,
}

impl<R: Read> Shielded<R> {
    /// Shields `source`.
    ///
    /// # Errors
    /// Where the system has no randomness.
    pub(crate) fn new(source: R) -> io::Result<Self> {
        let first = format!("\\restrict {}\n", key()?);
        let (source, ready) = (BufReader::with_capacity(256 * 1024, source), Cursor::new(first.into_bytes()));
        Ok(Self { source, ready, at_line_start: true, head: HEAD, leave: None })
    }

    /// The next piece that is to be handed on; empty at the end.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let mut piece = Vec::new();
            (&mut self.source).take(PIECE).read_until(b'\n', &mut piece)?;
            let starts_line = std::mem::replace(&mut self.at_line_start, piece.ends_with(b"\n"));
            if !(starts_line && self.is_left_out(&piece)) || piece.is_empty() {
                return Ok(piece);
            }
        }
    }

    fn is_left_out(&mut self, line: &[u8]) -> bool {
        let text = line.trim_ascii_end();
        if self.leave.as_deref().is_some_and(|leave| leave == text) {
            return true;
        }
        if self.head == 0 {
            return false;
        }
        self.head = if text.is_empty() || text.starts_with(b"--") { self.head - 1 } else { 0 };
        let Some(key) = text.strip_prefix(b"\\restrict ").filter(|key| key.iter().all(u8::is_ascii_alphanumeric))
        else {
            return false;
        };
        self.leave = Some([b"\\unrestrict ", key].concat());
        true
    }
}

impl<R: Read> Read for Shielded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let taken = self.ready.read(buf)?;
        if taken > 0 || buf.is_empty() {
            return Ok(taken);
        }
        self.ready = Cursor::new(self.next()?);
        self.ready.read(buf)
    }
}

/// A key that nobody can guess, of letters and digits.
fn key() -> io::Result<String> {
    let mut bytes = [0; 32];
    let random = ring::rand::SystemRandom::new();
    ring::rand::SecureRandom::fill(&random, &mut bytes).map_err(|_| io::Error::other("there is no randomness"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shielded(text: &str) -> (String, String) {
        let mut read = String::new();
        Shielded::new(text.as_bytes()).unwrap().read_to_string(&mut read).unwrap();
        let (first, rest) = read.split_once('\n').unwrap();
        (first.to_owned(), rest.to_owned())
    }

    #[test]
    fn the_key_of_the_dump_gives_way_to_one_that_it_does_not_know() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\nSELECT 1;\n\n\\unrestrict aB3\n\n";
        let (first, rest) = shielded(dump);
        assert_eq!(rest, "--\n-- PostgreSQL database dump\n--\n\n\nSELECT 1;\n\n\n");
        assert_eq!(first.strip_prefix("\\restrict ").map(str::len), Some(64));
        assert_ne!(first, shielded(dump).0);
    }

    #[test]
    fn rows_that_look_like_keys_stay() {
        let rows = "-- dump\n\\restrict aB3\nCOPY t FROM stdin;\n\\restrict aB3\n\\unrestrict other\n\\.\n";
        assert_eq!(shielded(rows).1, "-- dump\nCOPY t FROM stdin;\n\\restrict aB3\n\\unrestrict other\n\\.\n");
        let late = "SELECT 1;\n\\restrict aB3\n";
        assert_eq!(shielded(late).1, late);
    }

    #[test]
    fn long_lines_and_a_missing_last_newline_pass_unchanged() {
        let text = format!("INSERT {}\\restrict aB3\n;", "x".repeat(70_000));
        assert_eq!(shielded(&text).1, text);
    }
}
