//! Targets by the words that people know: what stands for a checkpoint where it is no id.
//!
//! | typed                                                    | stands for                                              |
//! |----------------------------------------------------------|---------------------------------------------------------|
//! | `previous`                                               | one in which something else ran than runs now           |
//! | `2h ago`, `2026-11-21T08:00:00Z`, `2026-11-21 08:00`     | one that was taken by then                              |
//! | a number                                                 | one in which a release, a workload or an Application was of that revision; else as in the next row |
//! | a version, an image's tag, `NAME:TAG`, a chart, the tag before a deploy | one in which a service ran that          |
//! | seven digits of a commit, or more                        | one that came from it                                   |
//! | a tag or branch that git knows                           | one that came from that commit                          |
//! | `HEAD~2`, `HEAD^`                                        | one that came from that commit, or else from the nearest before it; warned |
//!
//! The first row that anything fits decides. Of several the newest good one that is kept is meant, and the others are named;
//! where none is good it is the newest, and planning refuses it as it refuses any that is not good.
//!
//! Contract: an id and its beginning win over all of this, and are looked up by whoever asks. What is a matter of looking —
//! what runs, what git says — is handed in.

mod asked;
mod found;
mod known;
mod names;

pub use asked::{Asked, Line};
pub use found::{Found, find};
pub use known::known;

#[cfg(test)]
mod tests;
