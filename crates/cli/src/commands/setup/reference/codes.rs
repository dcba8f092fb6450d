//! Every refusal with its page, every problem of a configuration, and every exit code, in Markdown.

use backout_core::config::ProblemCode;
use backout_core::policy::{RefusalName, page};

use super::super::explain::EXIT_CODES;

/// Why the commands of the pages are not typed by tests: said in a comment that readers do not see.
const NOT_RUN: &str = "<!-- not run: what to do about a refusal; the tests of each refusal show when it comes -->";

/// The page.
pub(super) fn text() -> String {
    let mut out = String::from(
        "# Refusals, problems and exit codes\n\nWritten by `cargo xtask generate` from the program itself; do not edit it. \
         `backout explain NAME` prints the same.\n\n## Exit codes\n\n| exit code | meaning |\n|---|---|\n",
    );
    for (code, meaning) in EXIT_CODES {
        out.push_str(&format!("| {code} | {meaning} |\n"));
    }
    out.push_str("\n## Refusals\n\nWhat keeps a plan from being carried out. `--force NAME` overrides one that can be overridden.\n");
    for name in RefusalName::ALL {
        out.push('\n');
        out.push_str(&deeper(page(name)));
    }
    out.push_str(
        "\n## Problems of the configuration\n\nThe message names the line.\n\n| code | meaning |\n|---|---|\n",
    );
    for code in ProblemCode::ALL {
        out.push_str(&format!("| `{code}` | {} |\n", super::commands::cell(code.summary())));
    }
    out
}

/// A page below the heading of all pages, with its commands and settings in blocks.
fn deeper(page: &str) -> String {
    let mut out = String::new();
    let mut is_block = false;
    for line in page.trim_end().lines() {
        let inside = line.strip_prefix("    ");
        let is_command = inside.is_some_and(|inside| inside.starts_with("backout "));
        match (inside, is_block) {
            (Some(_), false) if is_command => out.push_str(&format!("{NOT_RUN}\n```console\n")),
            (Some(_), false) => out.push_str("```yaml\n"),
            (None, true) => out.push_str("```\n"),
            _ => {}
        }
        is_block = inside.is_some();
        let mark = if is_command { "$ " } else { "" };
        let deeper = if line.starts_with('#') { "##" } else { "" };
        out.push_str(&format!("{mark}{deeper}{}\n", inside.unwrap_or(line)));
    }
    if is_block {
        out.push_str("```\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stands_below_the_others_with_its_commands_in_blocks() {
        let page = "# name\n\nWhat to do:\n\n    backout plan\n    backout rollback\n\nElse:\n\n    backout show\n";
        let block = |commands: &str| format!("{NOT_RUN}\n```console\n{commands}```\n");
        let (first, second) = (block("$ backout plan\n$ backout rollback\n"), block("$ backout show\n"));
        assert_eq!(deeper(page), format!("### name\n\nWhat to do:\n\n{first}\nElse:\n\n{second}"));
        assert_eq!(deeper("    drill: { allowed: true }\n"), "```yaml\ndrill: { allowed: true }\n```\n");
    }

    #[test]
    fn every_code_is_there() {
        let text = text();
        for name in RefusalName::ALL {
            assert!(text.contains(&format!("\n### {}\n", name.as_str())), "{name:?}");
        }
        for code in ProblemCode::ALL {
            assert!(text.contains(&format!("| `{code}` | ")), "{code}");
        }
    }
}
