//! Tools whose files hold both ways, or code in other languages.

use backout_core::data::Migration;

use super::graph::{declared, migration};
use super::numbered::{base, number};

/// `-- migrate:up` and `-- migrate:down`: dbmate.
pub(super) fn dbmate(name: &str, text: &str) -> Option<Migration> {
    number(base(name).strip_suffix(".sql")?)?;
    // dbmate keeps the digits as they are, zeros in front among them.
    let digits: String = base(name).chars().take_while(char::is_ascii_digit).collect();
    let (mut up, mut down, mut part) = (String::new(), String::new(), 0);
    for line in text.lines() {
        match line.trim().strip_prefix("-- migrate:").map(|rest| rest.split_whitespace().next().unwrap_or_default()) {
            Some("up") => part = 1,
            Some("down") => part = 2,
            _ => (),
        }
        match part {
            1 => up.extend([line, "\n"]),
            2 => down.extend([line, "\n"]),
            _ => (),
        }
    }
    Some(migration(&digits, Some(&up), Some(&down)))
}

/// `--changeset author:id` and `--rollback SQL` in a formatted SQL changelog: Liquibase. Other changelogs are passed over,
/// and their changes are unknown to the graph.
pub(super) fn liquibase(text: &str) -> Vec<Migration> {
    // The tool minds the case of this one line, and takes the whole file for one change where it is another.
    let first = text.trim_start().strip_prefix("--").map(str::trim_start).unwrap_or_default();
    if !first.starts_with("liquibase formatted sql") {
        return Vec::new();
    }
    let mut changes: Vec<(String, String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(head) = said(line, "changeset ") {
            changes.push((change(head), String::new(), String::new()));
        } else if let Some((_, up, down)) = changes.last_mut() {
            match said(line, "rollback ") {
                Some(sql) => down.extend([sql, "\n"]),
                None => up.extend([line, "\n"]),
            }
        }
    }
    let one = |(name, up, down): (String, String, String)| {
        let says_nothing = ["empty", "not required"].contains(&down.trim().to_lowercase().as_str());
        let mut one = migration(&name, Some(&up), Some(&down).filter(|_| !says_nothing).map(String::as_str));
        one.has_inverse = Some(says_nothing || one.has_inverse == Some(true));
        one
    };
    changes.into_iter().map(one).collect()
}

/// What follows some words in a comment of one line, in which the tool minds neither case nor spaces before them.
fn said<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    let comment = line.trim().strip_prefix("--")?.trim_start();
    let (head, rest) = comment.split_at_checked(words.len())?;
    head.eq_ignore_ascii_case(words).then_some(rest)
}

/// `author:id` of `author:id runOnChange:true`, as the ledger has it; both can stand in quotes, and so have spaces.
fn change(head: &str) -> String {
    let part = |text: &str, end: &dyn Fn(char) -> bool| -> (String, usize) {
        match text.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((quoted, _)) => (quoted.to_owned(), quoted.len() + 2),
            None => (text.split(end).next().unwrap_or_default().to_owned(), text.find(end).unwrap_or(text.len())),
        }
    };
    let head = head.trim_start();
    let (author, at) = part(head, &|c| c == ':');
    let (id, _) = part(head[at..].trim_start_matches(':'), &char::is_whitespace);
    format!("{author}:{id}")
}

/// `20261121031502_add_price.rb` with `change`, or `up` and `down`: Rails. Whether a `change` can be undone only running it
/// tells.
pub(super) fn rails(name: &str, text: &str) -> Option<Migration> {
    let version = number(base(name).strip_suffix(".rb")?)?;
    let has = |what: &str| text.lines().any(|line| line.trim().starts_with(what));
    let has_inverse = match () {
        () if text.contains("IrreversibleMigration") => Some(false),
        () if has("def change") => None,
        () => Some(has("def down")),
    };
    let mut one = migration(&version.to_string(), None, None);
    (one.has_inverse, one.compatibility) = (has_inverse, declared(text));
    Some(one)
}

/// `1732158902000_price.js` with `exports.down`, or SQL with `-- Down Migration`: node-pg-migrate. Without a `down` it undoes
/// what it can infer.
pub(super) fn node(name: &str, text: &str) -> Option<Migration> {
    number(base(name))?;
    let (stem, kind) = base(name).rsplit_once('.')?;
    if kind == "sql" {
        let (up, down) = match text.to_lowercase().find("-- down migration") {
            Some(at) => (&text[..at], Some(&text[at..])),
            None => (text, None),
        };
        return Some(migration(stem, Some(up), down));
    }
    if !["js", "ts", "cjs", "mjs"].contains(&kind) {
        return None;
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let refuses = ["exports.down = false", "const down = false", "down = false;"].iter().any(|it| words.contains(it));
    let has_down = ["exports.down", "export const down", "export async function down", "export function down"];
    let mut one = migration(stem, None, None);
    one.has_inverse = if refuses { Some(false) } else { has_down.iter().any(|it| words.contains(it)).then_some(true) };
    one.compatibility = declared(text);
    Some(one)
}
