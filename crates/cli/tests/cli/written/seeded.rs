//! A team's folder with a past: versions that were good, a deploy that was kept, and one that was taken back.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use backout_testkit::guarded::end_all_of;
use backout_testkit::receiver::{Answer, HttpReceiver};
use backout_testkit::told::{Book, Chapter, Line, Stage, copy_examples, play};
use backout_testkit::written::{Command, application, behind_commands, scripts};
use serde_json::Value;

use super::database::{Database, MIGRATE, MIGRATIONS};
use super::page::{example, usual};
use crate::place::Place;

/// What the team calls a deploy here: every service runs that version.
const DEPLOY: &str = "#!/bin/sh\nset -eu\nfor live in */live; do echo \"$1\" > \"$live\"; done\n";
/// The folder's history, which knows no file: a commit is a place to have deployed from.
const REPOSITORY: &str = "git init --quiet --template= && mkdir .git/info && echo '*' > .git/info/exclude";
const COMMIT: &str =
    "git -c user.name=anna -c user.email=anna@example.org commit --quiet --allow-empty --message 'the next'";
/// So many commits lie between what ran first and what runs now.
const COMMITS: usize = 5;

/// The folder, and who is told. What was started below it is ended when this is dropped.
pub(super) struct Seeded {
    place: Place,
    folder: String,
    hook: HttpReceiver,
    example: Value,
    /// The environment of commands that name none.
    usual: &'static str,
    /// The environments that commands are about. The others have no past: it takes long.
    environments: Vec<String>,
    /// The checkpoint that a rollback goes to, of each environment.
    good: BTreeMap<String, String>,
    database: Option<Database>,
}

impl Seeded {
    /// The folder of a team, as its commands want it, with its databases or without.
    pub(super) fn new(runbook: &str, commands: &[Command], database: Option<Database>) -> Self {
        let (place, example, usual) = (Place::new(), example(runbook), usual(runbook));
        copy_examples(&place.work(), &[]);
        let hook = HttpReceiver::start(|_| Answer::Say(200, "ok".to_owned())).unwrap();
        let folder = format!("examples/{runbook}");
        let environments = named(&example, commands, usual);
        let good = BTreeMap::new();
        let mut seeded = Self { place, folder, hook, example, usual, environments, good, database };
        seeded.furnish();
        seeded.live_through(commands);
        seeded
    }

    fn furnish(&self) {
        for (name, text) in scripts(&self.example, &documented_script()) {
            self.write(&name, &text, 0o755);
            let service = name.trim_end_matches(".sh");
            self.write(&format!("{service}/live"), "1\n", 0o644);
            self.write(&format!("{service}/settings"), "as it was\n", 0o644);
        }
        let archive = self.database.as_ref().map(Database::archive);
        let configuration = behind_commands(&self.example, archive.as_deref()).unwrap();
        self.write("backout.yaml", &serde_json::to_string_pretty(&configuration).unwrap(), 0o644);
        if self.database.is_none() {
            return self.write("deploy.sh", DEPLOY, 0o755);
        }
        // The team's own migrations are of tables that are not there.
        for own in ["migrations", "upcoming"].map(|name| self.folder().join(name)).iter().filter(|own| own.exists()) {
            fs::remove_dir_all(own).unwrap();
        }
        self.write("deploy.sh", &format!("{DEPLOY}{MIGRATE}"), 0o755);
        let [(first, makes_it), (second, adds_to_it)] = MIGRATIONS;
        self.write(&format!("upcoming/{first}"), makes_it, 0o644);
        self.write(second, adds_to_it, 0o644);
        self.write("migrations/.keep", "", 0o644);
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let name = format!("{}/{name}", self.folder);
        self.place.write(&name, text);
        fs::set_permissions(self.place.work().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Every version that a command goes back to was good once. The last deploy went bad, so that there is an incident.
    fn live_through(&mut self, commands: &[Command]) {
        let others = self.environments.iter().filter(|name| name.as_str() != self.usual);
        let mut lines = vec![(REPOSITORY.to_owned(), 0), (COMMIT.to_owned(), 0)];
        for version in commands.iter().filter_map(version).chain(["1"]) {
            lines.push((format!("./deploy.sh {version}"), 0));
            lines.extend(self.environments.iter().map(|name| (recorded(name), 0)));
        }
        lines.extend((0..COMMITS).map(|_| (COMMIT.to_owned(), 0)));
        lines.push(("backout guard --reason 'it is fixed' -- ./deploy.sh 7".to_owned(), 0));
        for name in others {
            lines.push((recorded(name), 0));
            let databases = self.example["environments"][name]["databases"].as_object();
            if self.database.is_some() && databases.is_some_and(|databases| !databases.is_empty()) {
                lines.push((format!("backout backup create -e {name}"), 0));
            }
        }
        let breaks = format!("sh -c 'echo bad > {}/live'", self.application(self.usual));
        lines.push((format!("backout guard --reason 'it goes bad' -- {breaks}"), 3));
        let line = |(text, exit)| Line { at: 0, text, exit, output: Vec::new(), is_shown: false };
        let lines = lines.into_iter().map(line).collect();
        let chapter = Chapter { page: format!("the past of {}", self.folder), stage: "commands".to_owned(), lines };
        let _ = play(&chapter, &self.stage());
        self.good = self.environments.iter().map(|name| (name.clone(), self.last_known_good(name))).collect();
        copy(&self.folder(), &self.kept());
        self.database.iter().for_each(Database::keep);
    }

    fn last_known_good(&self, environment: &str) -> String {
        let listed = self.place.run_in(&self.folder, &["-e", environment, "checkpoint", "list", "--json"]).well();
        listed.document()["last_known_good"].as_str().unwrap().to_owned()
    }

    /// The environment that a command is about.
    pub(super) fn environment<'a>(&'a self, command: &'a Command) -> &'a str {
        command.environment().unwrap_or(self.usual)
    }

    /// The service that goes bad there.
    pub(super) fn application(&self, environment: &str) -> String {
        application(&self.example["environments"][environment]).unwrap()
    }

    /// So many people have to agree before data goes back there.
    pub(super) fn approvals(&self, environment: &str) -> u64 {
        let pointer = format!("/environments/{environment}/policy/approvals/database");
        self.example.pointer(&pointer).and_then(Value::as_u64).unwrap_or_default()
    }

    /// The last known good checkpoint of an environment: the newest may be one that is not good.
    pub(super) fn good(&self, environment: &str) -> &str {
        self.good.get(environment).map_or("CHECKPOINT", String::as_str)
    }

    /// The folder as it was after its past, and so the database: paths stand in records, so that it is always the same one.
    pub(super) fn renew(&self) {
        let folder = self.folder();
        end_all_of(&folder);
        fs::remove_dir_all(&folder).unwrap();
        copy(&self.kept(), &folder);
        self.database.iter().for_each(Database::renew);
    }

    fn folder(&self) -> PathBuf {
        self.place.work().join(&self.folder)
    }

    fn kept(&self) -> PathBuf {
        self.place.work().join("kept")
    }

    /// Typing in the folder.
    pub(super) fn stage(&self) -> Stage {
        let words = [
            ("TEXT", "'it was the network'"),
            ("TITLE", "'it is slow'"),
            ("ADDRESS", "https://tickets.example/42"),
            ("TIME", "\"$(cat moment)\""),
        ];
        let words = words.map(|(word, other)| (word.to_owned(), other.to_owned())).to_vec();
        let mut variables = self.database.as_ref().map(Database::variables).unwrap_or_default();
        variables.push(("HOME".into(), self.place.temporary().into()));
        variables.push(("HOOK_URL".into(), self.hook.url("/hook").into()));
        variables.push(("BACKOUT_ENVIRONMENT".into(), self.usual.into()));
        Stage { folder: self.folder(), program: env!("CARGO_BIN_EXE_backout").into(), variables, words }
    }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        end_all_of(&self.place.work());
    }
}

/// Those of an example's environments that commands name, and the usual one.
fn named(example: &Value, commands: &[Command], usual: &str) -> Vec<String> {
    let is_meant = |name: &&String| {
        name.as_str() == usual || commands.iter().any(|command| command.environment() == Some(name.as_str()))
    };
    let all = example["environments"].as_object().into_iter().flat_map(serde_json::Map::keys);
    all.filter(is_meant).cloned().collect()
}

/// The version that a command goes back to by its name.
pub(super) fn version(command: &Command) -> Option<&str> {
    let is_other = |word: &str| ["CHECKPOINT", "previous"].contains(&word) || word.starts_with("HEAD");
    command.target().filter(|word| !is_other(word) && !is_commit(word))
}

/// Whether a word is the beginning of a commit's id.
pub(super) fn is_commit(word: &str) -> bool {
    word.len() >= 7 && word.chars().all(|letter| letter.is_ascii_hexdigit())
}

fn recorded(environment: &str) -> String {
    format!("backout checkpoint create -e {environment} --reason 'it is well'")
}

/// The script of the exec contract, as it stands on its page.
fn documented_script() -> String {
    let page = Book::open().pages["docs/exec-contract.md"].clone();
    let (_, script) = page.split_once("```sh\n").unwrap();
    script.split_once("```").unwrap().0.to_owned()
}

/// Files and folders with their permissions; what a process left that is neither, or takes away meanwhile, is none of the
/// past.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            match fs::copy(entry.path(), &target) {
                Err(gone) if gone.kind() == ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
    }
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}
