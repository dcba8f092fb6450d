//! Typing what a chapter says, and looking at what comes of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::chapter::{Chapter, Line};
use crate::guarded::{Ended, Running};

/// What stands for the newest of a kind, and where a list has it.
const NEWEST: [(&str, &str, &str); 4] = [
    ("RUN", "history", "/runs/0/id"),
    ("CHECKPOINT", "checkpoint list", "/checkpoints/0/checkpoint/id"),
    ("INCIDENT", "incident list", "/incidents/0/id"),
    ("BACKUP", "backup list", "/restore_points/0/id"),
];

/// What asks a person before it acts. There is no terminal here, so `--yes` is typed as well.
const ASKING: [&str; 5] = [
    "backout rollback",
    "backout drill",
    "backout backup reimport",
    "backout migrate reverse",
    "backout migrate reapply",
];

/// Where a chapter is played.
#[derive(Debug)]
pub struct Stage {
    /// The folder that its first line is typed in.
    pub folder: PathBuf,
    /// The program under test, which is found first.
    pub program: PathBuf,
    /// Variables beside those of this process.
    pub variables: Vec<(OsString, OsString)>,
    /// Words that stand for others here: placeholders, ports that a test cannot have, names of images.
    pub words: Vec<(String, String)>,
}

/// Types every line of a chapter. Returns how many of them readers see.
///
/// # Panics
/// With page, line and everything that was said, where a line ends with another code than it says, or does not print what
/// stands below it.
#[must_use]
pub fn play(chapter: &Chapter, stage: &Stage) -> usize {
    let mut before = String::from("set -e\n");
    for line in &chapter.lines {
        let text = stage.filled(&line.text, &before);
        let ended = stage.shell(&format!("{before}{text}"));
        let place = format!("{}:{}: `{text}`", chapter.page, line.at);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, line.exit, "{place}\n{said}");
        let missing = missing(line, &said).unwrap_or_default();
        assert!(missing.is_empty(), "{place} does not print `{missing}`\n{said}");
        // Each line has a shell of its own: where it is, and what it has exported, goes on.
        for kept in text.lines().filter(|line| line.starts_with("cd ") || line.starts_with("export ")) {
            before.push_str(kept);
            before.push('\n');
        }
    }
    chapter.lines.iter().filter(|line| line.is_shown).count()
}

impl Stage {
    fn shell(&self, script: &str) -> Ended {
        #[expect(clippy::disallowed_methods, reason = "what people type is typed into a shell")]
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(&self.folder);
        for name in ["BACKOUT_CONFIG", "BACKOUT_ENVIRONMENT", "BACKOUT_STATE"] {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1").env("COLUMNS", "200").env("USER", "anna");
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).env("PATH", self.path());
        Running::start(command).wait()
    }

    /// The program's folder first, and then those that the stage or this process has.
    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    fn path(&self) -> OsString {
        let own = self.variables.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
        let mut path = self.program.parent().unwrap_or(Path::new("/")).as_os_str().to_owned();
        path.push(":");
        path.push(own.or_else(|| std::env::var_os("PATH")).unwrap_or_default());
        path
    }

    /// A line with its placeholders filled in, and `--yes` where it would ask.
    fn filled(&self, line: &str, before: &str) -> String {
        let mut text = line.to_owned();
        for (word, list, pointer) in NEWEST {
            if has_word(&text, word) {
                text = with_word(&text, word, &self.newest(before, list, pointer));
            }
        }
        for (word, other) in &self.words {
            text = with_word(&text, word, other);
        }
        let asks = ASKING.iter().any(|begin| text.starts_with(begin));
        let is_silent = ["--yes", "--dry-run", "--plan", "drill list"].iter().any(|part| text.contains(part));
        if asks && !is_silent { format!("{text} --yes") } else { text }
    }

    fn newest(&self, before: &str, list: &str, pointer: &str) -> String {
        let ended = self.shell(&format!("{before}backout {list} --json"));
        let document: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
        let id = document.pointer(pointer).and_then(Value::as_str);
        assert!(id.is_some(), "`backout {list}` has nothing at `{pointer}`\n{}{}", ended.stdout, ended.stderr);
        id.unwrap_or_default().to_owned()
    }
}

fn is_part_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '-'
}

/// Where a word stands by itself.
fn places(text: &str, word: &str) -> Vec<usize> {
    let alone = |at: &usize| {
        let before = text[..*at].chars().next_back().is_none_or(|letter| !is_part_of_word(letter) && letter != '$');
        before && text[at + word.len()..].chars().next().is_none_or(|letter| !is_part_of_word(letter))
    };
    text.match_indices(word).map(|(at, _)| at).filter(alone).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    !places(text, word).is_empty()
}

fn with_word(text: &str, word: &str, other: &str) -> String {
    let mut out = text.to_owned();
    for at in places(text, word).into_iter().rev() {
        out.replace_range(at..at + word.len(), other);
    }
    out
}

/// The first line of what a page shows that was not said, after those before it.
fn missing<'a>(line: &'a Line, said: &str) -> Option<&'a str> {
    let said = plain(said);
    let mut rest = said.as_str();
    for shown in &line.output {
        for part in plain(shown).split('…') {
            let Some((_, after)) = rest.split_once(part.trim()) else { return Some(shown) };
            rest = after;
        }
    }
    None
}

/// Text without what changes from time to time: every row of digits is `0`, every row of blanks one.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        let letter = match letter {
            letter if letter.is_ascii_digit() => '0',
            letter if letter.is_whitespace() => ' ',
            letter => letter,
        };
        if !("0 ".contains(letter) && out.ends_with(letter)) {
            out.push(letter);
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(lines: &[(&str, i32, &[&str])]) -> Chapter {
        let line = |(at, (text, exit, output)): (usize, &(&str, i32, &[&str]))| Line {
            at,
            text: (*text).to_owned(),
            exit: *exit,
            output: output.iter().map(|line| (*line).to_owned()).collect(),
            is_shown: true,
        };
        let lines = lines.iter().enumerate().map(line).collect();
        Chapter { page: "p.md".to_owned(), stage: "folder".to_owned(), lines }
    }

    fn stage(folder: &Path) -> Stage {
        let words = vec![("TEXT".to_owned(), "it".to_owned())];
        Stage { folder: folder.to_owned(), program: "/bin/true".into(), variables: Vec::new(), words }
    }

    #[test]
    fn a_page_is_one_story_in_one_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lines: &[(&str, i32, &[&str])] = &[
            ("mkdir a", 0, &[]),
            ("cd a", 0, &[]),
            ("export WHAT=TEXT", 0, &[]),
            ("echo took 12 s for $WHAT; exit 3", 3, &["took 345 s …it"]),
        ];
        assert_eq!(play(&chapter(lines), &stage(folder.path())), 4);
        assert!(folder.path().join("a").is_dir());
    }

    #[test]
    #[should_panic(expected = "p.md:0: `false`")]
    fn another_exit_code_is_told_with_page_and_line() {
        let _ = play(&chapter(&[("false", 0, &[])]), &stage(Path::new("/")));
    }

    #[test]
    #[should_panic(expected = "does not print `two`")]
    fn what_is_not_printed_in_that_order_is_told() {
        let _ = play(&chapter(&[("echo two; echo one", 0, &["one", "two"])]), &stage(Path::new("/")));
    }

    #[test]
    fn only_whole_words_stand_for_others() {
        let stage = stage(Path::new("/"));
        assert_eq!(stage.filled("say TEXT $TEXT CONTEXT TEXT-1 'TEXT'", ""), "say it $TEXT CONTEXT TEXT-1 'it'");
        assert_eq!(stage.filled("backout rollback", ""), "backout rollback --yes");
        assert_eq!(stage.filled("backout drill list", ""), "backout drill list");
    }
}
