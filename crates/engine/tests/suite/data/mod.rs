//! Environments with a database.

mod guarding;
