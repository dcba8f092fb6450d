//! What a person says about a run: how bad it is, and tags.

use backout_core::config::Environment;
use backout_core::policy::{Case, Circumstances, Tags};
use jiff::Timestamp;

use crate::args::ToldArgs;
use crate::error::CliError;

/// What `--severity` and `--tag` say.
pub(crate) fn circumstances(told: &ToldArgs) -> Result<Circumstances, CliError> {
    Ok(Circumstances { severity: told.severity, tags: read(&told.tag)?, ..Circumstances::default() })
}

/// Tags as they are typed.
fn read(typed: &[String]) -> Result<Tags, CliError> {
    let mut tags = Tags::default();
    for tag in typed {
        tags.add(tag).map_err(|bad| CliError::usage(bad.to_string()))?;
    }
    Ok(tags)
}

/// The same with how bad it is by the rules of the configuration, where the person says anything that they could be about.
pub(crate) fn severe(told: Circumstances, environment: &Environment, now: Timestamp) -> Circumstances {
    let rules = &environment.policy.rules;
    if told.severity.is_some() || told.tags == Tags::default() {
        return told;
    }
    let case = Case::new(now).with_tags(told.tags.or(&rules.tags));
    Circumstances { severity: Some(rules.severity(&case).0), ..told }
}
