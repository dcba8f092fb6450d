//! What comparing an answer with its expectation ends in.

/// How an answer compares to its expectation, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// It is as expected.
    Met(String),
    /// It is not.
    Unmet(String),
    /// It cannot be told.
    Unclear(String),
}
