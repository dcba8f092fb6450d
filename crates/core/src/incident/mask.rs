//! Masks what looks like a secret in text that people pass on: log lines, notes, titles.
//!
//! Contract: a function of the text alone. Values that only this machine's environment knows are masked when something is
//! recorded; what is rendered must not depend on where that happens.

use regex::Regex;

/// What stands in the place of a secret.
const MASKED: &str = "[redacted]";

/// Each pattern with what takes its place.
const PATTERNS: [(&str, &str); 6] = [
    (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", MASKED),
    (r"://[^/\s@:]*:[^/\s@]+@", "://[redacted]@"),
    (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", "$1 [redacted]"),
    (
        r#"(?i)([A-Za-z0-9_.-]*(?:passw(?:or)?d|secret|token|api[_-]?key|private[_-]?key|credential)[A-Za-z0-9_.-]*["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s"',;}&]+)"#,
        "${1}[redacted]",
    ),
    (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", MASKED),
    (
        r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_(?:live|test)_[A-Za-z0-9]{10,})\b",
        MASKED,
    ),
];

/// The patterns, ready for use.
#[derive(Debug, Clone)]
pub struct Mask {
    rules: Vec<(Regex, &'static str)>,
}

impl Default for Mask {
    fn default() -> Self {
        let rule = |(pattern, with): &(&str, &'static str)| Some((Regex::new(pattern).ok()?, *with));
        Self { rules: PATTERNS.iter().filter_map(rule).collect() }
    }
}

impl Mask {
    /// The text with what looks like a secret masked.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        self.rules.iter().fold(text.to_owned(), |text, (rule, with)| rule.replace_all(&text, *with).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(Mask::default().rules.len(), PATTERNS.len());
    }

    #[test]
    fn what_looks_like_a_secret_is_masked_and_the_rest_is_not() {
        let mask = Mask::default();
        for (text, masked) in [
            ("DB_PASSWORD=hunter2 retry", "DB_PASSWORD=[redacted] retry"),
            (r#"{"api_key": "abc def", "n": 1}"#, r#"{"api_key": [redacted], "n": 1}"#),
            ("postgres://shop:hunter2@db:5432/shop", "postgres://[redacted]@db:5432/shop"),
            ("Authorization: Bearer abcdef.ghijkl", "Authorization: Bearer [redacted]"),
            ("AKIAABCDEFGHIJKLMNOP was used", "[redacted] was used"),
            ("a -----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY----- b", "a [redacted] b"),
            ("GET /health 500 in 12 ms; the token expired", "GET /health 500 in 12 ms; the token expired"),
            ("see https://wiki.example/x@y and a@b.example", "see https://wiki.example/x@y and a@b.example"),
        ] {
            assert_eq!(mask.apply(text), masked);
        }
    }
}
