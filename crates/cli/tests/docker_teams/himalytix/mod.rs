//! The page of the Himalytix team: its strategies (a revert in git, migrations undone, a backup restored), what is verified after each,
//! when it does not go back, and what is done where going back fails.

mod asked;
mod data;
mod deploys;
mod page;
mod stuck;
