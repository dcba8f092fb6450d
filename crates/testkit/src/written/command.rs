//! The commands of a row.

use super::code::{Code, codes};
use super::table::Row;

/// What stands for something that is known only where a command is typed, and what the program takes in its place.
const WORDS: [(&str, &str); 12] = [
    ("CHECKPOINT", "cp-20261121-031502-9f3a2c"),
    ("RUN", "run-20261121-031502-9f3a2c"),
    ("INCIDENT", "inc-20261121-031502-9f3a2c"),
    ("BACKUP", "bk-20261121-031502-9f3a2c"),
    ("ROWS", "12"),
    ("TIME", "2026-11-21T03:15:00Z"),
    ("ADDRESS", "https://tickets.example/42"),
    ("COMMAND", "true"),
    ("FILE", "file"),
    ("NAME", "name"),
    ("TITLE", "title"),
    ("TEXT", "text"),
];

/// Commands that have a target.
const AIMED: [&str; 2] = ["plan", "rollback"];
/// Their options that take nothing.
const ALONE: [&str; 7] = ["--config-files", "--dry-run", "--emergency", "--no-observe", "--stack", "--undo", "--yes"];

/// A command as it stands on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The runbook that it stands at.
    pub runbook: String,
    /// The line of the page.
    pub at: usize,
    /// What is typed.
    pub text: String,
    /// The code that it ends with.
    pub exit: i32,
    /// Why no test can type it.
    pub by_hand: Option<String>,
    /// What is said of it: the words behind it, up to the next piece of code.
    pub said: String,
}

/// The commands of a row, in order.
///
/// # Errors
/// With the command: a reason that says nothing or has no end, an exit code that is no number, and a command of another program
/// without a reason why no test types it.
pub fn commands(row: &Row) -> Result<Vec<Command>, String> {
    let command = |code| match code {
        Code::Command(text, after) => Some(command(row, text, &after)),
        Code::Foreign(text, after) => match command(row, text, &after) {
            Ok(foreign) if foreign.by_hand.is_none() => {
                Some(Err(format!("{}: `{}` is no command of `backout`, and has no reason", row.at, foreign.text)))
            }
            Ok(_) => None,
            wrong => Some(wrong),
        },
        Code::Key(_) | Code::Piece(_) | Code::Word(_) => None,
    };
    codes(&row.cell).into_iter().filter_map(command).collect()
}

fn command(row: &Row, text: String, after: &str) -> Result<Command, String> {
    let behind = |begin: &str| after.strip_prefix(" (")?.strip_prefix(begin).map(|rest| rest.split_once(')'));
    let wrong = |what: &str| format!("{}: `{text}` has {what}", row.at);
    let by_hand = match behind("by hand: ") {
        Some(Some((reason, _))) if !reason.trim().is_empty() => Some(reason.to_owned()),
        Some(_) => return Err(wrong("a reason that says nothing, or does not end before the next piece of code")),
        None => None,
    };
    let exit = match behind("exits with ") {
        Some(found) => {
            let number = found.and_then(|(number, _)| number.parse().ok());
            number.ok_or_else(|| wrong("an exit code that is no number"))?
        }
        None => 0,
    };
    let said = after.trim_start_matches([':', ',', ' ']).to_owned();
    Ok(Command { runbook: row.runbook.clone(), at: row.at, text, exit, by_hand, said })
}

impl Command {
    /// What is typed, without the program's name and without the deploy command behind `--`.
    #[must_use]
    pub fn own_words(&self) -> Vec<&str> {
        let own = self.text.split(" -- ").next().unwrap_or_default();
        own.split_whitespace().skip(1).collect()
    }

    /// The environment that it names.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        let words = self.own_words();
        words.windows(2).find(|pair| pair[0] == "-e").map(|pair| pair[1])
    }

    /// Where a `plan` or `rollback` leads: the first word that is neither an option nor what an option takes.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        let words = self.own_words();
        let mut rest = words.iter().copied();
        rest.next().filter(|first| AIMED.contains(first))?;
        while let Some(word) = rest.next() {
            if !word.starts_with('-') {
                return Some(word);
            }
            if !ALONE.contains(&word) {
                let opens = rest.next().is_some_and(|value| value.starts_with('"') && !value.ends_with('"'));
                // What stands in quotes goes on to the word that ends them.
                if opens {
                    rest.by_ref().find(|word| word.ends_with('"'));
                }
            }
        }
        None
    }

    /// The same, only asking for help: it ends with 0 where the program knows the command, its options and what they take, and
    /// does nothing.
    #[must_use]
    pub fn asking_for_help(&self) -> String {
        let (own, deploy) =
            self.text.split_once(" -- ").map_or((self.text.as_str(), None), |(own, of)| (own, Some(of)));
        let asking = format!("{} --help", filled(own));
        deploy.map_or(asking.clone(), |deploy| format!("{asking} -- {}", filled(deploy)))
    }
}

/// With every placeholder replaced by something that it could stand for.
fn filled(text: &str) -> String {
    let word = |word: &str| {
        let found = WORDS.iter().find(|(name, _)| *name == word);
        found.map_or_else(|| word.to_owned(), |(_, other)| (*other).to_owned())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::table::State;
    use super::*;

    fn of(cell: &str) -> Result<Vec<Command>, String> {
        let row = Row {
            runbook: "team".to_owned(),
            lines: Vec::new(),
            wanted: String::new(),
            cell: cell.to_owned(),
            state: State::Done,
            at: 9,
        };
        commands(&row)
    }

    #[test]
    fn a_command_has_its_exit_code_and_its_reason() {
        let all = of(
            "`app.up`: `backout plan` (exits with 5), `backout watch` (by hand: it has no end) and `backout status`",
        )
        .unwrap();
        let told: Vec<_> = all.iter().map(|it| (it.text.as_str(), it.exit, it.by_hand.as_deref(), it.at)).collect();
        let expected = [
            ("backout plan", 5, None, 9),
            ("backout watch", 0, Some("it has no end"), 9),
            ("backout status", 0, None, 9),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_reason_or_a_code_that_says_nothing_is_an_error() {
        assert!(of("`docker ps`").unwrap_err().contains("9: `docker ps` is no command"));
        assert_eq!(of("`docker ps` (by hand: it is theirs)").unwrap(), []);
        for cell in ["`backout plan` (by hand: )", "`backout plan` (by hand: see `x`)", "`backout plan` (exits with x)"]
        {
            assert!(of(cell).unwrap_err().contains("9: `backout plan`"), "{cell}");
        }
    }

    #[test]
    fn help_is_asked_for_in_front_of_the_deploy_command() {
        let help = |cell: &str| of(cell).unwrap()[0].asking_for_help();
        assert_eq!(help("`backout show RUN`"), "backout show run-20261121-031502-9f3a2c --help");
        assert_eq!(help("`backout guard --reason TEXT -- COMMAND`"), "backout guard --reason text --help -- true");
    }

    #[test]
    fn a_target_is_what_no_option_takes() {
        for (text, expected) in [
            ("backout rollback 3 -e production", Some("3")),
            ("backout rollback -e staging main-abc123", Some("main-abc123")),
            ("backout rollback CHECKPOINT --emergency", Some("CHECKPOINT")),
            ("backout rollback --stack --reason \"three words here\"", None),
            ("backout plan --batch 1 --stack", None),
            ("backout guard -- ./deploy.sh 3", None),
        ] {
            assert_eq!(of(&format!("`{text}`")).unwrap()[0].target(), expected, "{text}");
        }
        let command = &of("`backout guard -e staging -- helm -e other`").unwrap()[0];
        assert_eq!((command.environment(), command.own_words()), (Some("staging"), vec!["guard", "-e", "staging"]));
    }
}
