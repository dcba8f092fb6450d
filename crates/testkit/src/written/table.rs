//! The rows of the page.

use std::ops::RangeInclusive;

/// One row: one or several lines of a runbook, and what does what they ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The runbook: the heading of the section.
    pub runbook: String,
    /// The lines of the runbook that it is about.
    pub lines: Vec<RangeInclusive<usize>>,
    /// What the runbook asks there.
    pub wanted: String,
    /// How it is done.
    pub cell: String,
    /// How far it is.
    pub state: State,
    /// The line of the page, counted from 1.
    pub at: usize,
}

/// How far a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Done, whatever the configuration.
    Done,
    /// Done because the configuration of the example says so.
    Config,
}

/// Every row of every section, in order.
///
/// # Errors
/// Each with its line: a row that has not four cells; a state that is none; numbers that cannot be read, or that
/// fall; a piece of code without an end.
pub fn rows(page: &str) -> Result<Vec<Row>, Vec<String>> {
    let (mut all, mut problems): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
    let mut runbook = None;
    for (at, line) in page.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            runbook = Some(heading.trim());
        }
        let Some(runbook) = runbook.filter(|_| is_row(line)) else { continue };
        let read = row(runbook, at + 1, line).and_then(|row| follows(all.last(), &row).map(|()| row));
        match read {
            Ok(row) => all.push(row),
            Err(problem) => problems.push(format!("{}: {problem}", at + 1)),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// A row of the tables that begin with a line's number; tables of other kinds are prose.
fn is_row(line: &str) -> bool {
    line.strip_prefix("| ").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

fn row(runbook: &str, at: usize, line: &str) -> Result<Row, String> {
    let [numbers, wanted, cell, state] =
        <[String; 4]>::try_from(cells(line)).map_err(|cells| format!("{} cells, and not four", cells.len()))?;
    let state = match state.as_str() {
        "done" => State::Done,
        "config" => State::Config,
        other => return Err(format!("`{other}` is no state: `done` and `config` are")),
    };
    if cell.matches('`').count() % 2 == 1 {
        return Err("a piece of code has no end".to_owned());
    }
    Ok(Row { runbook: runbook.to_owned(), lines: lines(&numbers)?, wanted, cell, state, at })
}

/// Whether a row does not stand behind one of later lines.
fn follows(before: Option<&Row>, row: &Row) -> Result<(), String> {
    let first = |row: &Row| row.lines.first().map(|lines| *lines.start());
    match before.filter(|before| before.runbook == row.runbook && first(before) > first(row)) {
        Some(before) => Err(format!("stands behind a row about line {}", first(before).unwrap_or_default())),
        None => Ok(()),
    }
}

/// `12, 14–16` as ranges.
fn lines(numbers: &str) -> Result<Vec<RangeInclusive<usize>>, String> {
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("`{numbers}` are no line numbers"));
    let range = |part: &str| match part.split_once('–') {
        Some((first, last)) => Ok(number(first)?..=number(last)?),
        None => number(part).map(|line| line..=line),
    };
    numbers.split(',').map(range).collect()
}

/// The cells of a row of a Markdown table; a bar behind a backslash is a letter.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let (mut all, mut cell, mut is_escaped) = (Vec::new(), String::new(), false);
    for letter in inner.chars() {
        match letter {
            '|' if is_escaped => {
                cell.pop();
                cell.push('|');
            }
            '|' => all.push(std::mem::take(&mut cell).trim().to_owned()),
            letter => cell.push(letter),
        }
        is_escaped = letter == '\\';
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<Row, Vec<String>> {
        rows(&format!("# T\n\n## team\n\n| line | a | b | state |\n|---|---|---|---|\n{line}\n"))
            .map(|rows| rows.into_iter().next().unwrap())
    }

    #[test]
    fn a_row_has_its_section_lines_cells_and_place() {
        let row = one("| 3, 5–7 | a \\| b | `backout plan` | config |").unwrap();
        assert_eq!((row.runbook.as_str(), row.lines.as_slice(), row.at), ("team", &[3..=3, 5..=7][..], 7));
        assert_eq!((row.wanted.as_str(), row.cell.as_str(), row.state), ("a | b", "`backout plan`", State::Config));
    }

    #[test]
    fn tables_of_other_kinds_and_in_front_of_the_sections_are_prose() {
        assert_eq!(rows("| 1 | a |\n\n## team\n\n| `done` | it is |\n"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (line, said) in [
            ("| 1 | a | b |", "7: 3 cells"),
            ("| 1 | a | b | gap 3 |", "`gap 3` is no state"),
            ("| 1 | a | b | not yet |", "`not yet` is no state"),
            ("| 1 | a | `b | done |", "no end"),
            ("| 1–x | a | b | done |", "no line numbers"),
            ("| 2 | a | b | done |\n| 1 | a | b | done |", "8: stands behind a row about line 2"),
        ] {
            let problems = one(line).unwrap_err().join("\n");
            assert!(problems.contains(said), "{line}: {problems}");
        }
    }
}
