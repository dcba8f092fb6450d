//! `docs/runbooks.md`: what five teams wrote down for going back, line by line, with what does it now.
//!
//! Contract: nothing here acts. The page is read into rows; what stands in code between backticks is told apart by what it is, not
//! by marks; each command belongs to exactly one place where it can be typed, so that none is forgotten. A command without a place
//! of its own, a row out of order, a state that its cell does not bear out are errors with their line.
//!
//! | a piece of code | is |
//! |---|---|
//! | begins with `backout ` | a command: the program must take it, and it is typed where [`place()`] says |
//! | words with dots, the first of them a key of an environment | a key: in a row `config`, the example has it |
//! | `KEY: …`, or a mapping in braces | a piece of configuration: in a row `config`, the example has that |
//! | begins with another program's name | a command of that program, which has a reason why no test types it |
//! | anything else | a word: it is known to the team's configuration, to the program, or is a file |
//!
//! `(exits with N)` behind a command says with what it ends; `(by hand: REASON)` that no test can type it, and why.

mod behind;
mod code;
mod command;
mod complete;
mod place;
mod table;

pub use behind::{application, behind_commands, scripts};
pub use code::{Code, codes};
pub use command::{Command, commands};
pub use complete::{lines_said, not_covered};
pub use place::{Place, place};
pub use table::{Row, State, rows};
