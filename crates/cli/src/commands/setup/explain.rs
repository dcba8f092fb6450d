//! `backout explain`: what a refusal, a problem of the configuration, or an exit code means.

use std::process::ExitCode;

use backout_core::config::ProblemCode;
use backout_core::policy::{RefusalName, page};
use serde::Serialize;

use crate::args::ExplainArgs;
use crate::error::CliError;
use crate::ui::{Ui, table};

/// Exit codes and what they mean: part of the interface.
pub(super) const EXIT_CODES: [(&str, &str); 9] = [
    ("0", "done: the deploy was kept, the rollback was verified, the checks hold"),
    ("1", "an unexpected failure of backout itself"),
    ("2", "usage or configuration: the command line or `backout.yaml` is wrong"),
    ("3", "`guard`: the deploy went bad, was rolled back, and the way back was verified"),
    ("4", "a rollback was tried and is not verified, or a person has to decide: somebody is needed now"),
    ("5", "refused: safety, policy or a missing approval; nothing was changed"),
    ("6", "checks do not hold (`check`, `verify`), or the record was tampered with (`history --verify`)"),
    ("7", "the environment is held by another run"),
    ("130", "interrupted; the run can be resumed: `backout resume`"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Refusal,
    Configuration,
    ExitCode,
}

#[derive(Debug, Serialize)]
struct Entry {
    code: &'static str,
    kind: Kind,
    summary: String,
}

#[derive(Serialize)]
struct Index {
    codes: Vec<Entry>,
}

#[derive(Serialize)]
struct Page<'a> {
    code: &'a str,
    kind: Kind,
    text: &'a str,
}

/// Explains one code, or lists them.
pub(crate) fn explain(args: &ExplainArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let Some(typed) = &args.code else {
        list(ui)?;
        return Ok(ExitCode::SUCCESS);
    };
    let (code, kind, text) = find(typed)?;
    if ui.json {
        ui.document(&Page { code, kind, text: &text })?;
    } else {
        ui.data(&text);
    }
    Ok(ExitCode::SUCCESS)
}

fn list(ui: Ui) -> Result<(), CliError> {
    let codes = index();
    if ui.json {
        return ui.document(&Index { codes });
    }
    for (kind, title) in [
        (Kind::Refusal, "Refusals (`--force NAME` overrides one that can be overridden)"),
        (Kind::Configuration, "Problems of the configuration"),
        (Kind::ExitCode, "Exit codes"),
    ] {
        let of_kind = codes.iter().filter(|entry| entry.kind == kind);
        let rows: Vec<Vec<String>> = of_kind.map(|entry| vec![entry.code.to_owned(), entry.summary.clone()]).collect();
        ui.data(&format!("{title}\n{}\n", table(&[], &rows)));
        ui.data("");
    }
    Ok(())
}

fn index() -> Vec<Entry> {
    let refusals = RefusalName::ALL.into_iter().map(|name| Entry {
        code: name.as_str(),
        kind: Kind::Refusal,
        summary: gist(page(name)),
    });
    let problems = ProblemCode::ALL.iter().map(|code| Entry {
        code: code.as_str(),
        kind: Kind::Configuration,
        summary: code.summary().to_owned(),
    });
    let exits = EXIT_CODES.map(|(code, meaning)| Entry { code, kind: Kind::ExitCode, summary: meaning.to_owned() });
    refusals.chain(problems).chain(exits).collect()
}

/// The first sentence of a page: what happened.
fn gist(page: &str) -> String {
    let happened = page.split("\n\n").find_map(|paragraph| paragraph.strip_prefix("What happened: "));
    let text = happened.unwrap_or(page).replace('\n', " ");
    text.split_inclusive(". ").next().unwrap_or_default().trim_end().to_owned()
}

fn find(typed: &str) -> Result<(&'static str, Kind, String), CliError> {
    if let Ok(name) = typed.parse::<RefusalName>() {
        return Ok((name.as_str(), Kind::Refusal, page(name).to_owned()));
    }
    if let Some(code) = ProblemCode::ALL.iter().find(|code| code.as_str() == typed) {
        let text = format!(
            "# {code}\n\n{}\n\nThe message names the line. Every key and its meaning: `backout schema`; whether all is \
             well now: `backout check --offline`.",
            code.summary()
        );
        return Ok((code.as_str(), Kind::Configuration, text));
    }
    if let Some((code, meaning)) = EXIT_CODES.iter().find(|(code, _)| *code == typed) {
        return Ok((code, Kind::ExitCode, format!("# exit code {code}\n\n{meaning}")));
    }
    Err(CliError::usage(format!("there is nothing to explain under `{typed}`"))
        .hint("see what there is: `backout explain`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gist_of_a_page_is_its_first_sentence() {
        let page = "# name\n\nWhat happened: one thing\nled on. Then another.\n\nWhy backout refuses: so.";
        assert_eq!(gist(page), "one thing led on.");
    }

    #[test]
    fn every_listed_code_is_explained() {
        for entry in index() {
            let (code, kind, text) = find(entry.code).unwrap();
            assert_eq!((code, kind), (entry.code, entry.kind));
            assert!(text.len() > entry.code.len() + 2, "{code}: {text}");
            assert!(!entry.summary.is_empty(), "{code} has no summary");
        }
    }
}
