//! What a file is, by its first bytes.

/// How many bytes it takes to tell: the mark of `tar` is at 257.
pub(crate) const LOOKED_AT: usize = 512;

/// What a stream is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `pg_dump -Fc`
    CustomDump,
    /// `tar`: `pg_dump -Ft`, or the folder of `pg_dump -Fd`.
    Tar,
    /// Text: SQL, most likely.
    Text,
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
    /// age, version 1
    Age,
    /// `openssl enc` with a salt
    Openssl,
    /// Nothing that is known.
    Unknown,
}

/// What a stream is whose first [`LOOKED_AT`] bytes, or all where it has fewer, are `first`.
pub(crate) fn detect(first: &[u8]) -> Kind {
    const MARKS: [(usize, &[u8], Kind); 6] = [
        (0, b"PGDMP", Kind::CustomDump),
        (0, b"\x1f\x8b\x08", Kind::Gzip),
        (0, b"\x28\xb5\x2f\xfd", Kind::Zstd),
        (0, b"age-encryption.org/v1\n", Kind::Age),
        (0, super::openssl_write::MAGIC, Kind::Openssl),
        (257, b"ustar", Kind::Tar),
    ];
    let marked = MARKS.iter().find(|(at, mark, _)| first.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    match marked {
        Some((_, _, kind)) => *kind,
        None if is_text(first) => Kind::Text,
        None => Kind::Unknown,
    }
}

/// Whether it is text in the encoding that dumps are in. A character that is cut off at the end is one.
fn is_text(first: &[u8]) -> bool {
    let first = first.get(..LOOKED_AT).unwrap_or(first);
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => match first.get(..error.valid_up_to()).map(std::str::from_utf8) {
            Some(Ok(text)) => text,
            _ => return false,
        },
        Err(_) => return false,
    };
    let text = text.trim_start_matches('\u{feff}');
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_by_its_mark() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: [(&[u8], Kind); 9] = [
            (b"PGDMP\x01\x0e\x00", Kind::CustomDump),
            (&tar, Kind::Tar),
            (b"--\n-- PostgreSQL database dump\n--\n", Kind::Text),
            (b"\x1f\x8b\x08\x00", Kind::Gzip),
            (b"\x28\xb5\x2f\xfd\x00", Kind::Zstd),
            (b"age-encryption.org/v1\n-> X25519", Kind::Age),
            (b"Salted__12345678", Kind::Openssl),
            (b"", Kind::Unknown),
            (b"\x00\x01\x02", Kind::Unknown),
        ];
        for (first, kind) in cases {
            assert_eq!(detect(first), kind, "{first:?}");
        }
    }

    #[test]
    fn a_character_that_is_cut_off_is_still_text() {
        let mut text = vec![b'-'; LOOKED_AT - 1];
        text.extend("é".as_bytes());
        assert_eq!(detect(&text), Kind::Text);
        assert_eq!(detect(b"SELECT \xff\xfe"), Kind::Unknown);
    }
}
