//! The environment variables of a supervised service, with their secrets looked up at the last moment.

use std::collections::BTreeMap;

use backout_core::config::SecretOrText;
use backout_core::port::PortError;

use crate::secret::Secrets;

/// The values of variables.
///
/// # Errors
/// Where a secret cannot be had; the error names the variable and never a value.
pub(crate) async fn resolve(
    variables: &BTreeMap<String, SecretOrText>,
    secrets: &Secrets,
) -> Result<BTreeMap<String, String>, PortError> {
    let mut resolved = BTreeMap::new();
    for (name, value) in variables {
        let value = secrets.text(value).await.map_err(|error| {
            PortError::new(format!("there is no value for the variable `{name}`: {error}")).hint(error.hint())
        })?;
        resolved.insert(name.clone(), value.reveal().to_owned());
    }
    Ok(resolved)
}
