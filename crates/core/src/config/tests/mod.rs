//! Tests of the configuration as a whole.

mod mistakes;
mod resolved;
mod schema_agrees;
mod traffic;
mod validator;

use super::{Config, Problem, Problems, load};

/// The reference sample, as `backout init` and the documentation show it.
const SAMPLE: &str = include_str!("../sample.yaml");

/// Loads with no environment variable set.
fn loaded(text: &str) -> Result<Config, Problems> {
    load(text, &|_| None)
}

/// A file with one environment on Compose, of which `body` is the rest.
fn staging(body: &str) -> String {
    let lines: Vec<String> = body.lines().map(|line| format!("    {line}")).collect();
    let head = "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: { compose: {} }\n";
    format!("{head}{}\n", lines.join("\n"))
}

/// The problems of a file, each with the text it points at.
fn problems(text: &str) -> Vec<String> {
    let problems = match loaded(text) {
        Ok(config) => config.warnings,
        Err(Problems(problems)) => problems,
    };
    problems.iter().map(|problem| shown(text, problem)).collect()
}

fn shown(text: &str, problem: &Problem) -> String {
    let place = problem.span.map_or("nowhere".to_owned(), |span| {
        let at = text.get(span.offset..span.offset + span.len).unwrap();
        let before = text.get(..span.offset).unwrap();
        assert_eq!(span.line, before.matches('\n').count() + 1, "{problem}");
        assert_eq!(span.column, before.chars().rev().take_while(|c| *c != '\n').count() + 1, "{problem}");
        format!("{}:{} {at:?}", span.line, span.column)
    });
    let hint = problem.hint.as_deref().map(|hint| format!("\n  {hint}")).unwrap_or_default();
    format!("{place} {}: {}{hint}", problem.code, problem.message)
}
