//! The files that are made from the program itself: the configuration's JSON Schema and the command-line reference.

use std::fs;

use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// Each file with the words behind `backout` that print it.
const GENERATED: [(&str, &[&str]); 4] = [
    ("docs/schema/backout.schema.json", &["schema"]),
    ("docs/cli.md", &["reference"]),
    ("docs/configuration.md", &["reference", "--of", "configuration"]),
    ("docs/refusals.md", &["reference", "--of", "refusals"]),
];

/// `cargo xtask generate`
pub(crate) fn write() -> Result<(), Failure> {
    for (file, command) in GENERATED {
        let path = workspace::root().join(file);
        let text = print(command)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        }
        fs::write(&path, text).map_err(Failure::file(&path))?;
        println!("generate: wrote `{file}`");
    }
    Ok(())
}

/// `cargo xtask generate --check`
pub(crate) fn check() -> Result<(), Failure> {
    let mut problems = Vec::new();
    for (file, command) in GENERATED {
        let kept = fs::read_to_string(workspace::root().join(file)).unwrap_or_default();
        if let Some(line) = first_difference(&kept, &print(command)?) {
            let command = command.join(" ");
            problems.push(format!("`{file}` differs from what `backout {command}` prints, first in line {line}"));
        }
    }
    if problems.is_empty() {
        println!("generate: {} files are as the program prints them", GENERATED.len());
        return Ok(());
    }
    Err(Failure::Check(format!("{}\nrun `cargo xtask generate` and commit what it writes", problems.join("\n"))))
}

fn print(command: &[&str]) -> Result<String, Failure> {
    let arguments = ["run", "--quiet", "--package", "backout", "--"];
    // The reference's text must not depend on how wide this terminal is or what it can show.
    let call = Call::new("cargo")
        .args(arguments)
        .args(command)
        .folder(workspace::root())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100");
    let text = call.output()?;
    match text.trim_end() {
        "" => Err(Failure::Check(format!("`backout {}` printed nothing", command.join(" ")))),
        text => Ok(format!("{text}\n")),
    }
}

/// The number of the first line that differs.
fn first_difference(left: &str, right: &str) -> Option<usize> {
    if left == right {
        return None;
    }
    let alike = left.lines().zip(right.lines()).take_while(|(left, right)| left == right).count();
    Some(alike + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_differing_line_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("a", "a\n"), Some(2));
    }
}
