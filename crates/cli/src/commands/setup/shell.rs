//! `backout completions` and `backout man`: what a shell and `man` need.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Arguments, CompletionsArgs, ManArgs};
use crate::error::CliError;
use crate::ui::Ui;

const PROGRAM: &str = "backout";

/// Prints the completion script of a shell.
pub(crate) fn completions(args: &CompletionsArgs, ui: Ui) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), PROGRAM, &mut script);
    ui.bytes(&script);
    ExitCode::SUCCESS
}

/// Writes one manual page a command into a folder.
pub(crate) fn man(args: &ManArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let folder = &args.folder;
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.map_err(|error| {
        CliError::failed(format!("the manual pages could not be written into `{}`: {error}", folder.display()))
            .hint("name a folder that can be written: `backout man DIR`")
    })?;
    ui.say(&format!("wrote the manual pages into `{0}`; read one: `man {0}/backout.1`", folder.display()));
    Ok(ExitCode::SUCCESS)
}
