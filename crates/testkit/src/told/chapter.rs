//! A page as what is played: chapters, each on a stage of its own, and what is left out with its reason.

use super::page::{Block, Note, blocks};
use super::typed::{Typed, typed};

/// Stages, and which tests play what is told on them.
///
/// | stage | is | played by |
/// |---|---|---|
/// | `demo` | what `backout demo --keep` leaves, version 1 running again | `cli/told` |
/// | `folder` | a copy of the repository's examples, and nothing that runs | `cli/told` |
/// | `data` | a server with a database, and a service behind a script | `data/told` |
/// | `workload`, `helm` | a double of a cluster with a Deployment; with nothing on it | `clusters/before/told` |
/// | `compose` | Docker, and the images of `examples/compose` | `docker_guard/rehearsed/told` |
/// | `postgres` | Docker, and the images of `examples/postgres` | `docker_data/told` |
const STAGES: [&str; 7] = ["demo", "folder", "data", "workload", "helm", "compose", "postgres"];

/// Languages of blocks that are not typed: what reads them checks them, or nothing can.
const READ: [&str; 3] = ["text", "yaml", "json"];

/// What one page tells people to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// What is played, in order.
    pub chapters: Vec<Chapter>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
}

/// What is played on one stage, from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// The page.
    pub page: String,
    /// The kind of stage.
    pub stage: String,
    /// What is typed, in order.
    pub lines: Vec<Line>,
}

/// What is typed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line of the page.
    pub at: usize,
    /// A command, or a script of several.
    pub text: String,
    /// The code that it ends with.
    pub exit: i32,
    /// Lines that it prints, in this order; `…` stands for anything, and digits for other digits.
    pub output: Vec<String>,
    /// Whether readers see it.
    pub is_shown: bool,
}

/// A command, or a block, that is not played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The page.
    pub page: String,
    /// The line of the page.
    pub at: usize,
    /// What it is.
    pub what: String,
    /// Why not.
    pub why: String,
}

/// Reads a page.
///
/// # Errors
/// Each with its line: what [`blocks()`] finds; a command without a stage or on one that is unknown; a block that nobody plays or
/// reads, and that has no reason; a reason for nothing.
pub fn told(page: &str, text: &str) -> Result<Told, Vec<String>> {
    let mut told = Told::default();
    let mut problems = Vec::new();
    for block in blocks(text)? {
        if let Err(problem) = told.add(page, &block) {
            problems.push(format!("{}: {problem}", block.line));
        }
    }
    if problems.is_empty() { Ok(told) } else { Err(problems) }
}

impl Told {
    fn add(&mut self, page: &str, block: &Block) -> Result<(), String> {
        for note in &block.notes {
            match note {
                Note::Stage(stage) if STAGES.contains(&stage.as_str()) => {
                    self.chapters.push(Chapter { page: page.to_owned(), stage: stage.clone(), lines: Vec::new() });
                }
                Note::Stage(stage) => return Err(format!("there is no stage `{stage}`; there are {STAGES:?}")),
                Note::Run { text, line } => {
                    self.play(Line { at: *line, text: text.clone(), exit: 0, output: Vec::new(), is_shown: false })?;
                }
                Note::NotRun { .. } => {}
            }
        }
        let mut reasons: Vec<(Option<&str>, &str)> = block.notes.iter().filter_map(reason).collect();
        let whole = reasons.iter().find(|(of, _)| of.is_none()).map(|(_, why)| (*why).to_owned());
        for line in if whole.is_some() { named(block)? } else { lines(block)? } {
            if let Some(why) = &whole {
                self.left_out.push(LeftOut { page: page.to_owned(), at: line.at, what: line.text, why: why.clone() });
                continue;
            }
            let found = reasons.iter().position(|(of, _)| of.is_some_and(|of| line.text.starts_with(of)));
            match found {
                Some(found) => {
                    let why = reasons[found].1.to_owned();
                    self.left_out.push(LeftOut { page: page.to_owned(), at: line.at, what: line.text, why });
                    // A reason is for the first that begins so, so that one cannot cover what is added later.
                    reasons.remove(found);
                }
                None => self.play(line)?,
            }
        }
        match reasons.first().filter(|_| whole.is_none()) {
            Some((of, _)) => Err(format!("nothing begins with `{}`, which has a reason", of.unwrap_or_default())),
            None => Ok(()),
        }
    }

    fn play(&mut self, line: Line) -> Result<(), String> {
        let chapter = self.chapters.last_mut();
        let chapter = chapter.ok_or_else(|| format!("no stage is named before `{}`", line.text))?;
        chapter.lines.push(line);
        Ok(())
    }
}

fn reason(note: &Note) -> Option<(Option<&str>, &str)> {
    match note {
        Note::NotRun { of, why } => Some((of.as_deref(), why)),
        Note::Stage(_) | Note::Run { .. } => None,
    }
}

/// The commands of a block that is not played, or its first line where it is of another kind.
fn named(block: &Block) -> Result<Vec<Line>, String> {
    if block.language == "console" {
        return lines(block);
    }
    let text = block.text.lines().next().unwrap_or_default().to_owned();
    Ok(vec![Line { at: block.line, text, exit: 0, output: Vec::new(), is_shown: true }])
}

fn lines(block: &Block) -> Result<Vec<Line>, String> {
    match block.language.as_str() {
        "console" => {
            let line = |Typed { text, exit, output, after }| Line {
                at: block.line + 1 + after,
                text,
                exit,
                output,
                is_shown: true,
            };
            Ok(typed(&block.text)?.into_iter().map(line).collect())
        }
        "sh" => {
            Ok(vec![Line { at: block.line + 1, text: block.text.clone(), exit: 0, output: Vec::new(), is_shown: true }])
        }
        language if READ.contains(&language) => Ok(Vec::new()),
        language => Err(format!("nobody plays or reads a block of `{language}`; say why: `<!-- not run: REASON -->`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!-- stage: demo -->\n<!-- not run, backout resume: nothing is open -->\n```console\n$ backout \
                        status\n$ backout resume\n```\n\n```console\n$ backout plan   # exits with 5\n```\n";

    #[test]
    fn what_is_played_and_what_is_left_out_is_everything() {
        let told = told("p.md", PAGE).unwrap();
        let played: Vec<(usize, &str, i32)> =
            told.chapters[0].lines.iter().map(|line| (line.at, line.text.as_str(), line.exit)).collect();
        assert_eq!(played, [(4, "backout status", 0), (9, "backout plan", 5)]);
        assert_eq!((told.left_out[0].at, told.left_out[0].what.as_str()), (5, "backout resume"));
        assert_eq!((told.chapters.len(), told.left_out.len()), (1, 1));
    }

    #[test]
    fn a_command_that_nobody_plays_is_an_error() {
        for (page, said) in [
            ("```console\n$ backout status\n```\n", "2: no stage is named"),
            ("<!-- stage: moon -->\n```console\n$ true\n```\n", "there is no stage `moon`"),
            ("```\n$ backout status\n```\n", "nobody plays or reads"),
            ("<!-- stage: demo -->\n<!-- not run, x: y -->\n```console\n$ true\n```\n", "nothing begins with `x`"),
        ] {
            let problems = told("p.md", page).unwrap_err().join("\n");
            assert!(problems.contains(said) || problems.contains(&said[3..]), "{page}: {problems}");
        }
    }
}
