//! What is checked after a rollback, and rehearsals, as a person has them.

mod after;
mod drills;
mod versions;
