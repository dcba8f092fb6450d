//! The environment variables of a supervised service, with their secrets looked up at the last moment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use backout_core::config::{SecretOrText, SecretRef};
use backout_core::port::PortError;

use crate::command::{Command, Environment};
use crate::files::explain;

/// The values of variables.
///
/// # Errors
/// Where a secret cannot be had; the error names the variable and never a value.
pub(crate) async fn resolve(
    variables: &BTreeMap<String, SecretOrText>,
    environment: &Environment,
) -> Result<BTreeMap<String, String>, PortError> {
    let mut resolved = BTreeMap::new();
    for (name, value) in variables {
        let value = match value {
            SecretOrText::Text(text) => text.reveal().to_owned(),
            SecretOrText::Secret(reference) => look_up(name, reference, environment).await?,
        };
        resolved.insert(name.clone(), value);
    }
    Ok(resolved)
}

async fn look_up(name: &str, reference: &SecretRef, environment: &Environment) -> Result<String, PortError> {
    match reference {
        SecretRef::Env(variable) => environment
            .get(std::ffi::OsStr::new(variable))
            .and_then(|value| value.to_str().map(ToOwned::to_owned))
            .ok_or_else(|| {
                PortError::new(format!("`{name}` refers to the environment variable `{variable}`, which is not set"))
                    .hint(format!("set `{variable}` where backout runs"))
            }),
        SecretRef::File(path) => fs::read_to_string(path)
            .map(|text| without_line_end(&text))
            .map_err(|error| explain("read", Path::new(path), &error)),
        SecretRef::Exec(argv) => {
            let (program, arguments) =
                argv.split_first().ok_or_else(|| PortError::new(format!("`{name}` has an empty command")))?;
            let output = Command::new(program, environment).args(arguments).run().await?;
            Ok(without_line_end(&output.text()))
        }
    }
}

fn without_line_end(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).to_owned()
}
