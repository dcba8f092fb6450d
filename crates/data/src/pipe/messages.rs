//! Whether a program of PostgreSQL did what it was started for.
//!
//! | exit code | said `error:`, `ERROR:` or `errors ignored` | it did |
//! |---|---|---|
//! | 0 | no | yes |
//! | 0 | yes | no: `psql` and `pg_restore` end well over errors that they were told of |
//! | other | either | no |

use backout_adapters::command::{Command, CommandError, Ended, Piped};

/// Messages of a program in English, whatever the surroundings speak, so that they can be understood here.
pub(crate) fn bare(command: Command) -> Command {
    command.env("LC_ALL", "C").env("LANGUAGE", "C")
}

/// That a process ended well and said nothing to the contrary.
///
/// # Errors
/// What it said.
pub(crate) fn succeeded(process: &Piped, ended: &Ended) -> Result<(), CommandError> {
    if ended.status.success() && !tells_of_errors(&ended.messages) {
        return Ok(());
    }
    Err(process.failure(ended))
}

fn tells_of_errors(messages: &str) -> bool {
    let severe = [": error: ", "ERROR:  ", "FATAL:  ", "PANIC:  ", "errors ignored on restore"];
    messages.lines().any(|line| severe.iter().any(|mark| line.contains(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_heard_whatever_the_exit_code_is() {
        for said in [
            "pg_restore: error: could not execute query: ERROR:  relation \"a\" already exists",
            "psql:<stdin>:12: ERROR:  syntax error at or near \"x\"",
            "pg_restore: warning: errors ignored on restore: 1",
        ] {
            assert!(tells_of_errors(said), "{said}");
        }
        for said in ["", "pg_dump: warning: there are circular foreign-key constraints on this table:"] {
            assert!(!tells_of_errors(said), "{said}");
        }
    }
}
