//! The only place that prints: data to standard output, talk to standard error.

mod amount;
mod ask;
mod progress;
mod style;
mod words;

use std::io::Write;

pub(crate) use ask::{agrees, typed};
pub(crate) use progress::{Narrator, line_text};
use serde::Serialize;
pub(crate) use style::{Paint, clock_time, table};
pub(crate) use words::{ago, count, date_time, labelled, span};

use crate::args::{Color, Global};
use crate::error::CliError;

/// How this command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

/// A document of `--json`: versioned, so that scripts can tell.
#[derive(Debug, Serialize)]
struct Document<'a, T: Serialize> {
    version: u32,
    #[serde(flatten)]
    body: &'a T,
}

impl Ui {
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { json: global.json, quiet: global.quiet, verbose: global.verbose }
    }

    /// Prints data. A reader that went away is no error.
    #[expect(clippy::unused_self, reason = "printing goes through the Ui and nothing else")]
    pub(crate) fn data(self, text: &str) {
        let _ = writeln!(anstream::stdout().lock(), "{}", text.trim_end_matches('\n'));
    }

    /// Prints raw bytes: a captured file, a piece of evidence.
    #[expect(clippy::unused_self, reason = "printing goes through the Ui and nothing else")]
    pub(crate) fn bytes(self, bytes: &[u8]) {
        let _ = std::io::stdout().lock().write_all(bytes);
    }

    /// Prints one JSON document.
    ///
    /// # Errors
    /// Where the value cannot be written as JSON, which is a fault of backout.
    pub(crate) fn document<T: Serialize>(self, body: &T) -> Result<(), CliError> {
        self.data(&json(body, serde_json::to_string_pretty)?);
        Ok(())
    }

    /// Prints one JSON document on a line of its own: for commands that print one after the other.
    ///
    /// # Errors
    /// Where the value cannot be written as JSON, which is a fault of backout.
    pub(crate) fn document_line<T: Serialize>(self, body: &T) -> Result<(), CliError> {
        self.data(&json(body, serde_json::to_string)?);
        Ok(())
    }

    /// Says something to a person, unless told to be quiet.
    pub(crate) fn say(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Warns a person, quiet or not.
    #[expect(clippy::unused_self, reason = "printing goes through the Ui and nothing else")]
    pub(crate) fn warn(self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{} {text}", Paint::warning("warning:"));
    }

    /// Says what went wrong and what to do next; as a JSON document where that is wanted.
    pub(crate) fn error(self, error: &CliError) {
        if self.json {
            let body =
                serde_json::json!({ "error": { "what": error.what, "hints": error.hints, "exit": error.exit as u8 } });
            let _ = self.document(&body);
        }
        let mut stderr = anstream::stderr().lock();
        let _ = writeln!(stderr, "{} {}", Paint::error("error:"), error.what);
        if let Some(report) = &error.report {
            let _ = writeln!(stderr, "\n{report}");
        }
        for hint in &error.hints {
            let _ = writeln!(stderr, "{} {hint}", Paint::hint("hint:"));
        }
    }
}

fn json<'a, T: Serialize>(
    body: &'a T,
    print: impl FnOnce(&Document<'a, T>) -> serde_json::Result<String>,
) -> Result<String, CliError> {
    let written = print(&Document { version: 1, body });
    written.map_err(|error| CliError::failed(format!("the result could not be written as JSON: {error}")))
}
