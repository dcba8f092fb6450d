//! What the documentation tells people to type, read from its pages, and played.
//!
//! Contract: the pages are the only source. A command stands behind `$ ` in a `console` block, or in an `sh` block that is one
//! script. It is played on the stage that the page names, or has its reason beside it why not; nothing is left out in
//! silence. Comments in front of a block, which readers do not see, say that:
//!
//! | comment | meaning |
//! |---|---|
//! | `stage: NAME` | from here on, what is typed is played on a new stage of that kind |
//! | `run: COMMANDS` | what a test types in between, so that the stage is as the page tells it |
//! | `not run: REASON` | the next block is not played |
//! | `not run, COMMAND: REASON` | what begins so in the next block is not played |

mod book;
mod chapter;
mod links;
mod page;
mod play;
mod typed;

pub use book::{Book, copy_examples};
pub use chapter::{Chapter, LeftOut, Line, Told, told};
pub use links::{anchors, dead_links};
pub use page::{Block, Note, blocks};
pub use play::{Stage, play};
