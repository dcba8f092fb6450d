//! Asking a person.

use std::io::{BufRead, IsTerminal};

use super::Ui;
use crate::error::CliError;

/// Whether the person at the terminal agrees.
///
/// # Errors
/// Where nobody can be asked.
pub(crate) fn agrees(ui: Ui, question: &str) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage("nobody can be asked: standard input is no terminal")
            .hint("to go on without being asked: `--yes`"));
    }
    ui.say(&format!("{question} Type `yes` to go on:"));
    Ok(typed().is_some_and(|line| matches!(line.as_str(), "y" | "yes")))
}

/// The line that a person types; nothing at the end of the input.
pub(crate) fn typed() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).unwrap_or(0);
    (read > 0).then(|| line.trim().to_owned())
}
