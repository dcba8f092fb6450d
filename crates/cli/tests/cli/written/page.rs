//! The page, read.

use std::fs;

use backout_testkit::told::Book;
use backout_testkit::written::{Command, Row, commands, rows};
use serde_json::Value;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// The runbooks, in the order of the page.
pub(super) const RUNBOOKS: [&str; 5] = ["heliosdb", "piper-morgan", "helm-and-compose", "himalytix", "predator"];

/// The environment of a runbook's commands that name none; the section says so.
pub(super) fn usual(runbook: &str) -> &'static str {
    match runbook {
        "himalytix" => "production",
        "predator" => "helm",
        _ => "staging",
    }
}

/// The text of the page.
pub(super) fn page() -> String {
    Book::open().pages["docs/runbooks.md"].clone()
}

/// Its rows.
pub(super) fn all_rows() -> Vec<Row> {
    rows(&page()).unwrap_or_else(|problems| panic!("docs/runbooks.md:\n{}", problems.join("\n")))
}

/// Every command of the page.
pub(super) fn all_commands() -> Vec<Command> {
    let read = |row: &Row| commands(row).unwrap_or_else(|problem| panic!("docs/runbooks.md:{problem}"));
    all_rows().iter().flat_map(read).collect()
}

/// The example of a team.
pub(super) fn example(runbook: &str) -> Value {
    let text = fs::read_to_string(format!("{EXAMPLES}/{runbook}/backout.yaml"));
    let text = text.unwrap_or_else(|error| panic!("examples/{runbook}/backout.yaml: {error}"));
    let read: Result<Value, _> = serde_saphyr::from_str(&with_defaults(&text));
    read.unwrap_or_else(|error| panic!("examples/{runbook}/backout.yaml: {error}"))
}

/// `${NAME:-default}` as it is where nothing else is said.
fn with_defaults(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(variable.split_once(":-").map_or("", |(_, default)| default));
        rest = behind;
    }
    out + rest
}
