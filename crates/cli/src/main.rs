//! The `backout` command: gives every deploy a way back.

mod args;
mod commands;
mod error;
mod ui;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::ui::Ui;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ui = Ui::new(&arguments.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.error(&error::CliError::failed(format!("the runtime could not be started: {error}")));
            return ExitCode::FAILURE;
        }
    };
    let answer = runtime.block_on(commands::run(arguments, ui));
    runtime.shutdown_background();
    answer.unwrap_or_else(|error| {
        ui.error(&error);
        ExitCode::from(error.exit as u8)
    })
}
