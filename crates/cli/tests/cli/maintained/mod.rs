//! Maintenance mode and quarantine, as a person has them.

mod page;
mod quarantine;
mod switched;
