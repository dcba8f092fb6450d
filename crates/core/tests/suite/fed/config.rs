//! `backout.yaml`.

use backout_core::config::{Problems, Severity, load};

/// Loads, and checks what holds for every text: who is refused is told of an error, every place is in the text, and the same
/// text says the same twice.
pub(crate) fn feed(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = || load(&text, &|name| (name.len() % 2 == 0).then(|| name.to_owned()));
    let problems = match read() {
        Ok(config) => {
            assert!(!config.environments.is_empty());
            config.warnings
        }
        Err(Problems(problems)) => {
            assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
            problems
        }
    };
    for span in problems.iter().filter_map(|problem| problem.span) {
        assert!(text.get(span.offset..span.offset + span.len).is_some());
        assert!(span.line >= 1 && span.column >= 1);
    }
    let again = match read() {
        Ok(config) => config.warnings,
        Err(Problems(problems)) => problems,
    };
    assert_eq!(format!("{problems:?}"), format!("{again:?}"));
}
