//! Finding and reading the configuration.

use std::path::{Path, PathBuf};

use backout_core::config::{self, Config, Environment, Problem, Severity};
use backout_core::id::EnvironmentName;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};

use super::Process;
use crate::error::{CliError, Exit};
use crate::ui::Ui;

/// What the file is called.
pub(crate) const FILE_NAME: &str = "backout.yaml";

/// A configuration and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Absolute path of the file.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) config: Config,
}

impl Found {
    /// The folder that paths in the configuration start from.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// The environment named, or the only one.
    pub(crate) fn environment(&self, named: Option<&str>) -> Result<Environment, CliError> {
        let all = &self.config.environments;
        let names = || all.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let Some(named) = named else {
            let mut each = all.values();
            return match (each.next(), each.next()) {
                (Some(only), None) => Ok(only.clone()),
                _ => Err(CliError::usage(format!("there are several environments: {}", names()))
                    .hint("name one: `-e NAME`, or set `BACKOUT_ENVIRONMENT`")),
            };
        };
        let name = EnvironmentName::new(named).map_err(|error| CliError::usage(error.to_string()))?;
        all.get(&name).cloned().ok_or_else(|| {
            CliError::usage(format!("there is no environment `{name}` in {}", self.path.display()))
                .hint(format!("the environments are: {}", names()))
        })
    }
}

/// The file named, or the nearest one upward from the working directory.
pub(crate) fn find(named: Option<&Path>, process: &Process) -> Result<PathBuf, CliError> {
    if let Some(named) = named {
        let path = process.folder.join(named);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(CliError::usage(format!("there is no configuration at {}", path.display()))
                .hint("`backout init` writes one from what it finds"))
        };
    }
    let found = process.folder.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file());
    found.ok_or_else(|| {
        CliError::usage(format!("there is no `{FILE_NAME}` in {} or above it", process.folder.display()))
            .hint("`backout init` writes one from what it finds; `-c FILE` names another")
            .hint("to see what backout does with nothing set up: `backout demo`")
    })
}

/// Reads a configuration; its warnings are said.
pub(crate) fn load(path: PathBuf, process: &Process, ui: Ui) -> Result<Found, CliError> {
    let text = std::fs::read_to_string(&path)
        .map_err(|error| CliError::usage(format!("{} cannot be read: {error}", path.display())))?;
    let source = path.display().to_string();
    let shown = without_passwords(&text);
    match config::load(&text, &|name| process.variable(name)) {
        Ok(config) => {
            for warning in &config.warnings {
                ui.say(&draw(warning, &source, &shown));
            }
            Ok(Found { path, config })
        }
        Err(problems) => {
            let drawn: Vec<String> = problems.0.iter().map(|problem| draw(problem, &source, &shown)).collect();
            let errors = problems.0.iter().filter(|problem| problem.severity == Severity::Error).count();
            let what = format!("{source} has {errors} {}", if errors == 1 { "problem" } else { "problems" });
            let mut error = CliError::new(Exit::Usage, what).hint("every key is described by `backout schema`");
            error.report = Some(drawn.join("\n"));
            Err(error)
        }
    }
}

/// A problem with its line and a caret.
fn draw(problem: &Problem, source: &str, text: &str) -> String {
    let severity = match problem.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let mut diagnostic =
        MietteDiagnostic::new(&problem.message).with_severity(severity).with_code(problem.code.as_str());
    if let Some(hint) = &problem.hint {
        diagnostic = diagnostic.with_help(hint);
    }
    if let Some(span) = problem.span {
        diagnostic = diagnostic.with_label(LabeledSpan::underline((span.offset, span.len.max(1))));
    }
    let report = Report::new(diagnostic).with_source_code(NamedSource::new(source, text.to_owned()));
    let mut drawn = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    match handler.render_report(&mut drawn, report.as_ref()) {
        Ok(()) => drawn,
        Err(_) => problem.to_string(),
    }
}

/// The same text, byte for byte as long, with the passwords in addresses masked: lines of it are shown.
fn without_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://").map(|at| at + "://".len()) {
        let (before, address) = rest.split_at(start);
        shown.push_str(before);
        let end = address.find(|c: char| c.is_whitespace() || "\"'/,}]".contains(c)).unwrap_or(address.len());
        let (authority, after) = address.split_at(end);
        match (authority.find(':'), authority.rfind('@')) {
            (Some(colon), Some(at)) if colon < at => {
                shown.push_str(authority.get(..=colon).unwrap_or_default());
                shown.push_str(&"*".repeat(at - colon - 1));
                shown.push_str(authority.get(at..).unwrap_or_default());
            }
            _ => shown.push_str(authority),
        }
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_masked_and_nothing_moves() {
        let text = "a: { url: \"postgres://u:hunter2@db:5432/x\" } # http://plain:80/y\nb: redis://:pässw@h";
        let shown = without_passwords(text);
        assert_eq!(shown, "a: { url: \"postgres://u:*******@db:5432/x\" } # http://plain:80/y\nb: redis://:******@h");
        assert_eq!(shown.len(), text.len());
    }
}
