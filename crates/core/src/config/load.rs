//! The way from text to a configuration, and the JSON Schema of the text.

use serde_json::Value;

use super::raw::RawFile;
use super::read::{Defs, Shape, Sink, tree};
use super::resolve::file;
use super::{Config, Problem, ProblemCode, Problems, Severity};

/// A configuration as it is written. It remembers what is wrong with it; [`resolve()`] reports that with the rest.
#[derive(Debug, Clone)]
pub struct RawConfig {
    file: RawFile,
    problems: Vec<Problem>,
}

/// Reads the text of a configuration.
///
/// # Errors
/// What keeps the text from being looked at any further: it is not YAML, empty, or not a mapping. Whatever else is wrong
/// is kept for [`resolve()`], so that all of it can be reported at once.
pub fn parse(text: &str) -> Result<RawConfig, Vec<Problem>> {
    let mut problems = Sink::new();
    let file = tree(text, &mut problems).and_then(|node| RawFile::read(&node, &mut problems));
    match file {
        Some(file) => Ok(RawConfig { file, problems }),
        None if problems.is_empty() => {
            let empty = Problem::error(ProblemCode::MissingKey, None, "the configuration is empty");
            Err(vec![empty.hint("`backout init` writes one from what it finds".to_owned())])
        }
        None => Err(problems),
    }
}

/// Checks a configuration and gives every setting its meaning. `environment` looks an environment variable up, for
/// `${VAR}` and `${VAR:-default}`; secret references stay references.
///
/// # Errors
/// Everything that is wrong, in the order of the text, warnings among it.
pub fn resolve(raw: RawConfig, environment: &dyn Fn(&str) -> Option<String>) -> Result<Config, Problems> {
    let RawConfig { file: raw, mut problems } = raw;
    let (config, mut found) = file(&raw, environment);
    problems.append(&mut found);
    problems.sort_by_key(|problem| problem.span.map(|span| span.offset));
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    match config {
        Some(config) if !problems.iter().any(is_error) => Ok(Config { warnings: problems, ..config }),
        _ => Err(Problems(problems)),
    }
}

/// Reads and resolves the text of a configuration: [`parse`], then [`resolve()`].
///
/// # Errors
/// Everything that is wrong, in the order of the text, warnings among it.
pub fn load(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Config, Problems> {
    resolve(parse(text)?, environment)
}

/// The JSON Schema (draft 7) of `backout.yaml`, from the same declarations that the text is read by.
#[must_use]
pub fn json_schema() -> Value {
    let mut defs = Defs::default();
    let root = RawFile::schema(&mut defs);
    defs.finish(&root)
}
