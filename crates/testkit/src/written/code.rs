//! What stands between backticks.

/// The keys of an environment that a key on the page begins with.
const KEYS: [&str; 18] = [
    "caches",
    "contacts",
    "databases",
    "drill",
    "escalation",
    "fallback",
    "guard",
    "incidents",
    "maintenance",
    "notify",
    "objectives",
    "platform",
    "policy",
    "services",
    "signals",
    "triggers",
    "verify",
    "watch",
];

/// Other programs that people type.
const PROGRAMS: [&str; 10] = ["curl", "docker", "git", "helm", "kubectl", "make", "openssl", "pg_dump", "psql", "ssh"];

/// A piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A command of `backout`, with what follows it up to the next piece.
    Command(String, String),
    /// A key below the environment.
    Key(Vec<String>),
    /// A piece of configuration, as YAML. `…` stands for anything.
    Piece(String),
    /// A command of another program, with what follows it up to the next piece.
    Foreign(String, String),
    /// Anything else: a service, a check, an option, a file.
    Word(String),
}

/// Every piece of a cell, in order.
#[must_use]
pub fn codes(cell: &str) -> Vec<Code> {
    let parts: Vec<&str> = cell.split('`').collect();
    let of = |at: usize| code(parts[at], parts.get(at + 1).copied().unwrap_or_default());
    (1..parts.len()).step_by(2).map(of).collect()
}

fn code(text: &str, after: &str) -> Code {
    if text.starts_with("backout ") {
        return Code::Command(text.to_owned(), after.to_owned());
    }
    if text.split_once(' ').is_some_and(|(program, _)| PROGRAMS.contains(&program)) {
        return Code::Foreign(text.to_owned(), after.to_owned());
    }
    if text.starts_with('{') || text.contains(": ") {
        return Code::Piece(text.to_owned());
    }
    let words: Vec<String> = text.split('.').map(str::to_owned).collect();
    match words.first() {
        Some(first) if KEYS.contains(&first.as_str()) => Code::Key(words),
        _ => Code::Word(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_told_by_what_it_is() {
        let cell = "see `backout plan` (exits with 5), `triggers.slow`, `guard: { soak: 1s }`, `{ call: [cto] }`, `app.health`, \
                    `--json` and `docker ps` (by hand: it is theirs)";
        let key = Code::Key(vec!["triggers".to_owned(), "slow".to_owned()]);
        let word = |text: &str| Code::Word(text.to_owned());
        let piece = |text: &str| Code::Piece(text.to_owned());
        assert_eq!(
            codes(cell),
            [
                Code::Command("backout plan".to_owned(), " (exits with 5), ".to_owned()),
                key,
                piece("guard: { soak: 1s }"),
                piece("{ call: [cto] }"),
                word("app.health"),
                word("--json"),
                Code::Foreign("docker ps".to_owned(), " (by hand: it is theirs)".to_owned()),
            ]
        );
    }
}
