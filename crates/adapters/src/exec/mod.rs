//! Services behind the user's own commands, with a contract in JSON (`docs/exec-contract.md`).

mod answer;
mod platform;
mod question;

pub use platform::{ExecOptions, ExecPlatform};
