//! Rows of a table: read from two databases side by side, and kept in files.

mod keys;
pub(in crate::loss) mod lines;
pub(in crate::loss) mod ranges;
pub(in crate::loss) mod shape;
pub(in crate::loss) mod side;
pub(in crate::loss) mod sql;
pub(in crate::loss) mod walk;
