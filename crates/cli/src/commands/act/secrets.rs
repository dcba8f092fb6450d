//! Secrets on the deploy command's line: it is recorded, so the values of variables that are named like secrets are masked.

use crate::wire::Process;

/// Parts of names of variables that hold secrets.
const NAMES: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY"];
/// A shorter value would mask half of every line.
const SHORTEST: usize = 6;

/// Values of the environment variables that are named like secrets.
pub(crate) fn planted(process: &Process) -> Vec<String> {
    let named_so = |name: &str| NAMES.iter().any(|part| name.to_ascii_uppercase().contains(part));
    process
        .variables
        .iter()
        .filter(|(name, _)| name.to_str().is_some_and(named_so))
        .filter_map(|(_, value)| value.clone().into_string().ok())
        .filter(|value| value.len() >= SHORTEST)
        .collect()
}
