//! Which page is printed.

use std::process::ExitCode;

use crate::args::{Of, ReferenceArgs};
use crate::ui::Ui;

/// Prints one of the pages: `docs/cli.md`, `docs/configuration.md` and `docs/refusals.md` are what it prints.
pub(crate) fn reference(args: &ReferenceArgs, ui: Ui) -> ExitCode {
    let text = match args.of {
        Of::Commands => super::commands::text(),
        Of::Configuration => super::keys::text(),
        Of::Refusals => super::codes::text(),
    };
    ui.data(&text);
    ExitCode::SUCCESS
}
