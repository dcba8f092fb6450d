//! The fenced blocks of a page, with the comments in front of them.

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The word behind the fence; empty where there is none.
    pub language: String,
    /// What stands between the fences.
    pub text: String,
    /// The line that the block begins in, counted from 1.
    pub line: usize,
    /// What the comments between the block before and this one say, in order.
    pub notes: Vec<Note>,
}

/// A comment for the tests, which readers do not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A new stage of that kind.
    Stage(String),
    /// Commands that a test types.
    Run {
        /// As they stand in the comment.
        text: String,
        /// The line that the comment begins in.
        line: usize,
    },
    /// Why something is not played.
    NotRun {
        /// What begins so; the whole block where there is none.
        of: Option<String>,
        /// In words.
        why: String,
    },
}

/// Every fenced block of a page, in order.
///
/// # Errors
/// Each with its line: a comment for the tests that is none of the kinds, or that no block follows; a block without an end;
/// a command that stands indented, where nobody can tell it from its output.
pub fn blocks(page: &str) -> Result<Vec<Block>, Vec<String>> {
    let mut reader = Reader::default();
    for (at, line) in page.lines().enumerate() {
        reader.take(at + 1, line);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    problems: Vec<String>,
    notes: Vec<Note>,
    inside: Inside,
}

/// What the line stands in.
#[derive(Default)]
enum Inside {
    #[default]
    Prose,
    Fence(Block),
    Comment {
        line: usize,
        text: String,
    },
}

impl Reader {
    fn take(&mut self, number: usize, line: &str) {
        match std::mem::take(&mut self.inside) {
            Inside::Prose => self.prose(number, line),
            Inside::Fence(block) if line.trim() == "```" => self.blocks.push(block),
            Inside::Fence(mut block) => {
                block.text.push_str(line);
                block.text.push('\n');
                self.inside = Inside::Fence(block);
            }
            Inside::Comment { line: begun, mut text } => {
                text.push_str(line);
                text.push('\n');
                self.comment(begun, text);
            }
        }
    }

    fn prose(&mut self, number: usize, line: &str) {
        let trimmed = line.trim_start();
        if let Some(language) = trimmed.strip_prefix("```") {
            let notes = std::mem::take(&mut self.notes);
            let language = language.trim().to_owned();
            self.inside = Inside::Fence(Block { language, text: String::new(), line: number, notes });
        } else if let Some(comment) = trimmed.strip_prefix("<!--") {
            self.comment(number, format!("{comment}\n"));
        } else if line.starts_with("    ") && ["backout ", "$ "].iter().any(|begin| trimmed.starts_with(begin)) {
            self.problems.push(format!("{number}: a command that stands indented; put it into a `console` block"));
        }
    }

    /// Takes a comment as far as it was read.
    fn comment(&mut self, line: usize, text: String) {
        let Some((inside, _)) = text.split_once("-->") else {
            self.inside = Inside::Comment { line, text };
            return;
        };
        match note(inside.trim(), line) {
            Some(note) => self.notes.push(note),
            None => self.problems.push(format!("{line}: `{}` is no comment for the tests", inside.trim())),
        }
    }

    fn finish(mut self) -> Result<Vec<Block>, Vec<String>> {
        match self.inside {
            Inside::Fence(block) => self.problems.push(format!("{}: a block without an end", block.line)),
            Inside::Comment { line, .. } => self.problems.push(format!("{line}: a comment without an end")),
            Inside::Prose if !self.notes.is_empty() => {
                self.problems.push(format!("at the end: no block follows {:?}", self.notes));
            }
            Inside::Prose => {}
        }
        if self.problems.is_empty() { Ok(self.blocks) } else { Err(self.problems) }
    }
}

fn note(text: &str, line: usize) -> Option<Note> {
    let (kind, rest) = text.split_once(':')?;
    let rest = rest.trim().to_owned();
    match kind {
        _ if rest.is_empty() => None,
        "stage" => Some(Note::Stage(rest)),
        "run" => Some(Note::Run { text: rest, line }),
        "not run" => Some(Note::NotRun { of: None, why: rest }),
        other => {
            let of = other.strip_prefix("not run, ")?;
            Some(Note::NotRun { of: Some(of.trim().to_owned()), why: rest })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_its_language_text_line_and_comments() {
        let page = "# T\n\n<!-- stage: demo -->\n<!-- run:\ntrue\nfalse\n-->\n```console\n$ backout status\n```\n";
        let stage = Note::Stage("demo".to_owned());
        let run = Note::Run { text: "true\nfalse".to_owned(), line: 4 };
        let text = "$ backout status\n".to_owned();
        let block = Block { language: "console".to_owned(), text, line: 8, notes: vec![stage, run] };
        assert_eq!(blocks(page), Ok(vec![block]));
    }

    #[test]
    fn a_reason_is_about_the_block_or_about_one_command_of_it() {
        let of = |page: &str| blocks(page).unwrap()[0].notes.clone();
        let why = || "no Docker".to_owned();
        assert_eq!(of("<!-- not run: no Docker -->\n```\n```\n"), [Note::NotRun { of: None, why: why() }]);
        let some = Some("docker ps".to_owned());
        assert_eq!(of("<!-- not run, docker ps: no Docker -->\n```\n```\n"), [Note::NotRun { of: some, why: why() }]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_an_error_with_its_line() {
        for (page, said) in [
            ("text\n\n    backout status\n", "3: a command that stands indented"),
            ("```sh\ntrue\n", "1: a block without an end"),
            ("<!-- not run:\n", "1: a comment without an end"),
            ("<!-- not run: -->\n```\n```\n", "is no comment for the tests"),
            ("<!-- nut run: why -->\n```\n```\n", "is no comment for the tests"),
            ("<!-- stage: demo -->\n", "no block follows"),
        ] {
            let problems = blocks(page).unwrap_err().join("\n");
            assert!(problems.contains(said), "{page}: {problems}");
        }
    }
}
