//! A person who wants this process to end.

/// How much a person wants it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interrupt {
    /// Nobody does.
    #[default]
    None,
    /// What is being changed is finished first.
    Asked,
    /// Nothing is finished first that can be left and gone on with.
    Insisted,
}
