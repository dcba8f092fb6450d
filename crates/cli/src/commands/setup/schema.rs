//! `backout schema`: the JSON Schema of the configuration.

use std::process::ExitCode;

use backout_core::config::json_schema;

use crate::error::CliError;
use crate::ui::Ui;

/// Prints the schema: with `--json` or without, it is the same document.
pub(crate) fn schema(ui: Ui) -> Result<ExitCode, CliError> {
    let text = serde_json::to_string_pretty(&json_schema())
        .map_err(|error| CliError::failed(format!("the schema could not be written as JSON: {error}")))?;
    ui.data(&text);
    Ok(ExitCode::SUCCESS)
}
