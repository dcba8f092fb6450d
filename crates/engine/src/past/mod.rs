//! What is past: what the records say together, and what may be let go of.

mod backups;
mod by_hand;
mod databases;
mod history;
mod retain;

pub use backups::{back_up, import_backup, prune_backups};
pub use by_hand::{acts_by_hand, by_hand};
pub(crate) use databases::taken;
pub use databases::{put_aside, restore_points, vault_of};
pub(crate) use history::without_drills;
pub use history::{PastRollback, checkpoints, estimates, past_rollbacks};
pub use retain::prune;
pub(crate) use retain::unpin;
