//! What the statements of a migration do: parsed, never guessed from words.
//!
//! Contract: what cannot be parsed, or runs code that cannot be seen, is unknown; whoever acts on it must treat it as if it
//! destroyed anything.

mod alter;
mod classify;
mod kind;
mod name;
mod rewrite;
mod split;

pub use classify::classify;
pub use kind::{Kind, Loss, Statement};
pub use name::TableName;
pub use rewrite::{Piece, SoftDrop, pieces};
pub use split::split;
