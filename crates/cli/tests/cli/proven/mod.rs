//! What is checked after a rollback, as a person has it.

mod after;
