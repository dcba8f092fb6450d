//! Maintenance mode and quarantine, as a person has them.

mod led;
mod page;
mod proxies;
mod quarantine;
mod switched;
