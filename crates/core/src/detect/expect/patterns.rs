//! Regular expressions, compiled once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use regex::Regex;

/// Compiled body patterns, kept because compiling one costs more than the whole probe that needs it. Holds as many as a
/// configuration names.
#[derive(Debug, Default)]
pub struct Patterns(Mutex<HashMap<String, Arc<Regex>>>);

impl Patterns {
    /// The pattern, compiled; `None` where it is no regular expression.
    pub(super) fn compiled(&self, pattern: &str) -> Option<Arc<Regex>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = known.get(pattern) {
            return Some(Arc::clone(regex));
        }
        let regex = Arc::new(Regex::new(pattern).ok()?);
        known.insert(pattern.to_owned(), Arc::clone(&regex));
        Some(regex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_compiled_once() {
        let patterns = Patterns::default();
        let (first, second) = (patterns.compiled("a+").unwrap(), patterns.compiled("a+").unwrap());
        assert!(Arc::ptr_eq(&first, &second) && first.is_match("aa"));
        assert!(patterns.compiled("(").is_none());
    }
}
