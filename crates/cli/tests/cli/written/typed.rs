//! A command of the page as what is typed: what comes before it so that it has something to do, and what is looked at after it.

use backout_testkit::told::Line;
use backout_testkit::written::Command;

use super::seeded::{Seeded, is_commit, version};

/// Another version than any that is gone back to, deployed while nobody guards.
const DEPLOYED: &str = "./deploy.sh 13";
/// The same, with a migration that can be undone.
const MIGRATED: &str = "mv 20261121000000_found.sql upcoming/ && ./deploy.sh 13";
/// What is lost by going back.
const WRITTEN: &str =
    "\"$PSQL\" -Xqc \"INSERT INTO orders (what) SELECT 'late' FROM generate_series(1, 3)\" \"$DATABASE_URL\"";
/// A base backup, a moment after it, and something in the log after that, which is nothing of the database's.
const MOMENT: &str = "backout backup create -e ENVIRONMENT --physical && \
                      sleep 1 && date -u +%FT%TZ > moment && sleep 1 && \
                      \"$PSQL\" -Xqc 'CREATE DATABASE later' -c 'SELECT pg_switch_wal()' \"$DATABASE_URL\"";
/// What another tool has dumped.
const DUMPED: &str = "\"$PG_DUMP\" --format=custom --file=FILE \"$DATABASE_URL\"";
/// A command without an end is asked to stop after three seconds.
const STOPPED: &str = "timeout --preserve-status --signal=TERM 3";
/// A file that somebody has changed.
const CHANGED: &str = "echo changed > SERVICE/settings";
/// What is said behind `decide`, and what it chooses then.
const SAID: [(&str, &str); 7] = [
    ("goes back unless it is fixed", "roll_back_unless_fixed"),
    ("goes back", "roll_back"),
    ("held", "hold"),
    ("holds", "hold"),
    ("fixed forward", "fix_forward"),
    ("fix forward", "fix_forward"),
    ("observed", "observe"),
];
/// Data that goes back once somebody agrees: it is waited for until it waits.
const WAITING: &str = "backout rollback --database main --reason 'they are wrong' --yes > waiting 2>&1 & \
                       for i in $(seq 100); do backout status | grep -q approve && exit 0; sleep 0.1; done; exit 1";
/// The same, after somebody has agreed.
const BACK: &str =
    "for i in $(seq 100); do grep -q 'rolled back' waiting && exit 0; sleep 0.1; done; cat waiting; exit 1";

/// What is typed for a command, in order.
///
/// | the command | before | after |
/// |---|---|---|
/// | `plan`, `rollback` of services | version 13 is deployed | no service that goes back runs it, and where a version was named, that; unless it was a dry run |
/// | … `--config-files` | the application's configuration file is changed | it is not |
/// | … `--accept-loss ROWS` | three rows are written | as many rows as before |
/// | … `--to-time` | a base backup, a moment | as many rows as before |
/// | `rollback --undo`, `backup reimport` | three rows are written, and the data goes back | they are there again, unless it was a dry run |
/// | `migrate …` | version 13 is deployed, with a migration | after `reverse`: it is not applied |
/// | `backup import` | a dump by `pg_dump` | |
/// | `backup restore` | | the copy has as many rows |
/// | `approve` | data is asked to go back, which waits for it | it is back |
/// | `decide` | | it is as the words behind it say: goes back, held, fixed forward, observed |
/// | `watch` | | it is asked to stop, and stops |
/// | anything else | | |
pub(super) fn lines(command: &Command, seeded: &Seeded) -> Vec<Line> {
    let line =
        |text: String, exit: i32, is_shown: bool| Line { at: command.at, text, exit, output: Vec::new(), is_shown };
    let mut lines: Vec<Line> = before(command, seeded).into_iter().map(|text| line(text, 0, false)).collect();
    lines.push(line(typed(command, seeded), command.exit, true));
    if command.exit == 0 && !command.text.contains("--dry-run") {
        lines.extend(after(command, seeded).into_iter().map(|text| line(text, 0, false)));
    }
    lines
}

fn before(command: &Command, seeded: &Seeded) -> Vec<String> {
    let has = |option: &str| command.own_words().contains(&option);
    let only = |text: &str| vec![text.to_owned()];
    let application = seeded.application(seeded.environment(command));
    match kind(command) {
        ["plan" | "rollback", ..] if has("--undo") => vec![WRITTEN.to_owned(), gone_back(command, seeded)],
        ["plan" | "rollback", ..] if has("--config-files") => only(&CHANGED.replace("SERVICE", &application)),
        ["plan" | "rollback", ..] if has("--to-time") => {
            only(&MOMENT.replace("ENVIRONMENT", seeded.environment(command)))
        }
        ["plan" | "rollback", ..] if has("ROWS") => only(WRITTEN),
        ["plan" | "rollback", ..] if !has("--database") || has("--stack") => only(DEPLOYED),
        ["backup", "reimport"] => vec![WRITTEN.to_owned(), gone_back(command, seeded)],
        ["backup", "import"] => only(DUMPED),
        ["migrate", _] => only(MIGRATED),
        ["approve", ..] => only(WAITING),
        _ => Vec::new(),
    }
}

fn after(command: &Command, seeded: &Seeded) -> Vec<String> {
    let has = |option: &str| command.own_words().contains(&option);
    let application = seeded.application(seeded.environment(command));
    let rows = |dbname: &str, count: usize| {
        let url = "$(echo \"$DATABASE_URL\" | sed 's,/team?,/DBNAME?,')".replace("DBNAME", dbname);
        vec![format!("test \"$(\"$PSQL\" -XAtc 'SELECT count(*) FROM orders' \"{url}\")\" = {count}")]
    };
    match kind(command) {
        ["rollback", ..] if has("--undo") => rows("team", 53),
        ["rollback", ..] if has("--config-files") => vec![format!("! grep changed {application}/settings")],
        ["rollback", ..] if has("--database") && !has("--stack") => rows("team", 50),
        ["rollback", ..] => went_back(command, seeded),
        ["backup", "reimport"] => rows("team", 53),
        ["backup", "restore"] => rows("team_look", 50),
        ["migrate", "reverse"] => vec!["backout migrate status | grep -q '1 applied'".to_owned()],
        ["approve", ..] => vec![BACK.to_owned()],
        ["decide", ..] => decided(command),
        _ => Vec::new(),
    }
}

/// What is decided, where the page says it.
fn decided(command: &Command) -> Vec<String> {
    let said = SAID.iter().find(|(words, _)| command.said.starts_with(words));
    let asked = |choice: &str| format!("{} --json | grep -q '\"choice\": \"{choice}\"'", command.text);
    said.map(|(_, choice)| asked(choice)).into_iter().collect()
}

/// Data that has gone back, and left behind what was written.
fn gone_back(command: &Command, seeded: &Seeded) -> String {
    let asked = "backout rollback --database main";
    format!("{asked} --accept-loss {} --reason 'they are wrong'{} --yes", counted(asked), agreed(command, seeded))
}

/// The services that a rollback names, or else the application: where each is, or is no longer.
fn went_back(command: &Command, seeded: &Seeded) -> Vec<String> {
    let words = command.own_words();
    let named = words.windows(2).filter(|pair| pair[0] == "--service").map(|pair| pair[1].to_owned());
    let mut services: Vec<String> = named.collect();
    if services.is_empty() {
        services.push(seeded.application(seeded.environment(command)));
    }
    let looked_at = |service: String| match version(command) {
        Some(version) => format!("grep -qx {version} {service}/live"),
        None => format!("! grep -qx 13 {service}/live"),
    };
    services.into_iter().map(looked_at).collect()
}

/// The first two words.
fn kind(command: &Command) -> [&str; 2] {
    let words = command.own_words();
    [words.first(), words.get(1)].map(|word| word.copied().unwrap_or_default())
}

/// What stands on the page, with what is known only here: the good checkpoint of that environment, a commit, evidence that files
/// have, a deploy that needs no other program, and people who agree where the team wants them to.
fn typed(command: &Command, seeded: &Seeded) -> String {
    let environment = seeded.environment(command);
    let (own, deploy) =
        command.text.split_once(" -- ").map_or((command.text.as_str(), None), |(own, of)| (own, Some(of)));
    let words: Vec<&str> = own.split(' ').collect();
    let known = |(at, word): (usize, &&str)| match (words[at.saturating_sub(1)], *word) {
        (_, "CHECKPOINT") => seeded.good(environment).to_owned(),
        (_, word) if is_commit(word) => "$(git rev-parse --short HEAD~5)".to_owned(),
        ("--evidence", _) => format!("{}.observe.txt", seeded.application(environment)),
        ("--as", "NAME") => "team_look".to_owned(),
        (_, "ROWS") => counted(own),
        // The only limit that there is here is one of the other side.
        ("--what-if", word) if word.starts_with("above=") => "below=90%".to_owned(),
        (_, word) => word.to_owned(),
    };
    let mut text = words.iter().enumerate().map(known).collect::<Vec<_>>().join(" ");
    let takes_data = ["--database", "--undo"].iter().any(|option| command.own_words().contains(option));
    if kind(command)[0] == "rollback" && takes_data || kind(command) == ["migrate", "reverse"] {
        text.push_str(&agreed(command, seeded));
    }
    match deploy {
        Some(own) if own.starts_with("./deploy.sh") => text.push_str(&format!(" -- {own}")),
        Some(_) => text.push_str(" -- ./deploy.sh 4"),
        None => {}
    }
    if kind(command)[0] == "watch" { format!("{STOPPED} {text}") } else { text }
}

/// What the plan of the same says that would be lost.
fn counted(rollback: &str) -> String {
    let plan = rollback
        .replace("backout rollback", "backout plan")
        .replace(" --accept-loss ROWS", "")
        .replace(" --reason TEXT", "");
    format!("$({plan} 2>&1 | sed -n 's/.*--accept-loss \\([0-9]*\\).*/\\1/p' | head -n 1)")
}

/// Those who agree that data goes back.
fn agreed(command: &Command, seeded: &Seeded) -> String {
    let approvals = seeded.approvals(seeded.environment(command));
    (0..approvals).map(|number| format!(" --approved-by person-{number}")).collect()
}
