//! Whether a section leaves nothing out.

use super::table::Row;

/// The lines of a runbook that say something and that no row is about. What says nothing: blanks, fences, rules, and the line
/// below the head of a table.
#[must_use]
pub fn not_covered(rows: &[Row], runbook: &str, text: &str) -> Vec<usize> {
    let ranges: Vec<_> = rows.iter().filter(|row| row.runbook == runbook).flat_map(|row| &row.lines).collect();
    let is_covered = |line: usize| ranges.iter().any(|range| range.contains(&line));
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(at, line)| says_something(line) && !is_covered(*at)).map(|(at, _)| at).collect()
}

/// How many lines the section says that its runbook has: "The page has 186 lines."
#[must_use]
pub fn lines_said(page: &str, runbook: &str) -> Option<usize> {
    let (_, section) = page.split_once(&format!("\n## {runbook}\n"))?;
    let (_, said) = section.split("\n## ").next()?.split_once("The page has ")?;
    said.split_once(" lines")?.0.parse().ok()
}

fn says_something(line: &str) -> bool {
    let is_made_of = |letters: &str| line.chars().all(|letter| letters.contains(letter));
    !(line.is_empty() || line.starts_with("```") || is_made_of("-*_= ") || is_made_of("|-: "))
}

#[cfg(test)]
mod tests {
    use super::super::table::rows;
    use super::*;

    const PAGE: &str = "# T\n\n## team\n\nThe page has 8 lines.\n\n| line | a | b | state |\n|---|---|---|---|\n| 1 | a | b | done |\n\
                        | 3–4, 8 | a | b | done |\n";

    #[test]
    fn a_line_that_no_row_is_about_is_found_and_what_says_nothing_is_not_missed() {
        let rows = rows(PAGE).unwrap();
        let text = "# one\n\nthree\nfour\n---\n```sh\n|--|:-:|\neight\n";
        assert_eq!(not_covered(&rows, "team", text), [0; 0]);
        assert_eq!(not_covered(&rows, "team", &text.replace("---\n", "five\n")), [5]);
        assert_eq!(not_covered(&rows, "other", "one\n"), [1]);
    }

    #[test]
    fn a_section_says_how_long_its_runbook_is() {
        assert_eq!(lines_said(PAGE, "team"), Some(8));
        assert_eq!(lines_said(PAGE, "other"), None);
    }
}
