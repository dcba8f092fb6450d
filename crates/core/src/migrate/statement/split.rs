//! Cutting a script into statements.

use std::str::Chars;

/// The statements of a script, without their semicolons; comments alone are no statement. Semicolons within quotes,
/// comments, dollar quotes and the bodies of SQL functions (`BEGIN ATOMIC … END`) end nothing.
#[must_use]
pub fn split(script: &str) -> Vec<&str> {
    let (mut statements, mut start, mut at, mut has_words, mut depth) = (Vec::new(), 0, 0, false, 0_u32);
    while let Some(piece) = Piece::read(&script[at..]) {
        let text = &script[at..at + piece.length];
        match piece.what {
            What::Semicolon if depth == 0 => {
                if has_words {
                    statements.push(script[start..at].trim());
                }
                (start, has_words) = (at + piece.length, false);
            }
            What::Word => {
                has_words = true;
                depth = within_body(&script[start..at], text, depth);
            }
            What::Other => has_words = true,
            What::Blank | What::Semicolon => (),
        }
        at += piece.length;
    }
    if has_words {
        statements.push(script[start..].trim());
    }
    statements
}

/// How many blocks are open after a word: `BEGIN ATOMIC` and, within it, `CASE` open one, `END` closes one.
fn within_body(before: &str, word: &str, depth: u32) -> u32 {
    let is_after_begin = || before.trim_end().to_uppercase().ends_with("BEGIN");
    match word.to_uppercase().as_str() {
        "ATOMIC" if depth == 0 && is_after_begin() => 1,
        "CASE" if depth > 0 => depth + 1,
        "END" => depth.saturating_sub(1),
        _ => depth,
    }
}

enum What {
    Blank,
    Semicolon,
    Word,
    Other,
}

/// The next piece of a script, and how long it is in bytes.
struct Piece {
    what: What,
    length: usize,
}

impl Piece {
    fn read(rest: &str) -> Option<Self> {
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
        let (what, length) = match first {
            ';' => (What::Semicolon, 1),
            '\'' => (What::Other, quoted(rest, '\'', false)),
            'e' | 'E' if rest[1..].starts_with('\'') => (What::Other, 1 + quoted(&rest[1..], '\'', true)),
            '"' => (What::Other, quoted(rest, '"', false)),
            '$' => (What::Other, dollar_quoted(rest)),
            '-' if rest.starts_with("--") => (What::Blank, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (What::Blank, comment(rest)),
            c if c.is_whitespace() => (What::Blank, c.len_utf8()),
            c if is_word(c) => {
                let word = |c: char| is_word(c) || c == '$';
                (What::Word, rest.find(|c: char| !word(c)).unwrap_or(rest.len()))
            }
            c => (What::Other, c.len_utf8()),
        };
        Some(Self { what, length })
    }
}

/// The length of a quoted text. A doubled quote reads as two texts side by side, which ends at the same place.
fn quoted(rest: &str, quote: char, has_escapes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if has_escapes => drop(chars.next()),
            c if c == quote => return at + 1,
            _ => (),
        }
    }
    rest.len()
}

/// The length of `$tag$ … $tag$`; one where it is no such quote but a parameter.
fn dollar_quoted(rest: &str) -> usize {
    let is_tag = |tag: &str| !tag.starts_with(|c: char| c.is_ascii_digit()) && tag.chars().all(is_tag_char);
    let Some(tag) = rest[1..].find('$').map(|end| &rest[..end + 2]).filter(|tag| is_tag(&tag[1..tag.len() - 1])) else {
        return 1;
    };
    rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len())
}

fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a comment; they nest.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest[at..];
        match () {
            () if here.starts_with("/*") => (depth, at) = (depth + 1, at + 2),
            () if here.starts_with("*/") => (depth, at) = (depth - 1, at + 2),
            () => at += here.chars().next().map_or(1, char::len_utf8),
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The words of a statement outside of quotes and comments, in upper case, with what stands right behind each.
pub(super) fn words(statement: &str) -> Vec<(String, Option<char>)> {
    let (mut words, mut at) = (Vec::new(), 0);
    while let Some(piece) = Piece::read(&statement[at..]) {
        let (from, to) = (at, at + piece.length);
        if matches!(piece.what, What::Word) {
            words.push((statement[from..to].to_uppercase(), next(statement[to..].chars())));
        }
        at = to;
    }
    words
}

fn next(mut rest: Chars<'_>) -> Option<char> {
    rest.find(|c| !c.is_whitespace())
}
