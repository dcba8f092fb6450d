//! Where each command of the page is typed.

use super::command::Command;

/// Where a command is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In an empty folder: it needs nothing.
    Words,
    /// On the team's configuration, its services behind commands.
    Commands,
    /// The same, with a database.
    Data,
    /// Nowhere: the page says why.
    ByHand,
}

/// Options that are about data.
const DATA: [&str; 10] = [
    "--accept-loss",
    "--backup",
    "--break-slots",
    "--database",
    "--rung",
    "--table",
    "--to-lsn",
    "--to-name",
    "--to-time",
    "--undo",
];

/// Where a command is typed. The first row that holds decides:
///
/// | the command | place |
/// |---|---|
/// | has its reason why no test can type it | [`Place::ByHand`] |
/// | `explain`, `schema`, `completions`, `man`, `demo`, `init` | [`Place::Words`] |
/// | `approve`, `backup …`, `migrate …`, or an option about data | [`Place::Data`] |
/// | anything else | [`Place::Commands`] |
#[must_use]
pub fn place(command: &Command) -> Place {
    let words = command.own_words();
    match words.first().copied().unwrap_or_default() {
        _ if command.by_hand.is_some() => Place::ByHand,
        "explain" | "schema" | "completions" | "man" | "demo" | "init" => Place::Words,
        "approve" | "backup" | "migrate" => Place::Data,
        _ if words.iter().any(|word| DATA.contains(word)) => Place::Data,
        _ => Place::Commands,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Place {
        let (runbook, text) = ("team".to_owned(), text.to_owned());
        place(&Command { runbook, at: 1, text, exit: 0, by_hand: None, said: String::new() })
    }

    #[test]
    fn each_command_has_one_place() {
        for (text, expected) in [
            ("backout explain database-not-ready", Place::Words),
            ("backout plan --database main", Place::Data),
            ("backout backup list", Place::Data),
            ("backout migrate plan CHECKPOINT", Place::Data),
            ("backout approve RUN --as dba", Place::Data),
            ("backout rollback 3 -e production", Place::Commands),
            ("backout guard --reason TEXT -- ./deploy.sh --database 3", Place::Commands),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_done_by_hand_is_typed_nowhere() {
        let (runbook, text) = ("team".to_owned(), "backout plan".to_owned());
        let command =
            Command { runbook, at: 1, text, exit: 0, by_hand: Some("no git".to_owned()), said: String::new() };
        assert_eq!(place(&command), Place::ByHand);
    }
}
