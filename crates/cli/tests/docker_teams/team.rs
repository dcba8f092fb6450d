//! An example as a Compose project of one test: its own scripts build and deploy it, and what is asked of it is asked from outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use backout_testkit::docker::{Project, docker, free_port, site_image};
use backout_testkit::guarded::{Ended, Journal, JournalRecord, Running, end_all_of, wait_until};
use backout_testkit::receiver::{Answer, HttpReceiver, Security, SmtpReceiver};
use serde_json::Value;

use crate::client::field;
use crate::measured::Recorded;

/// Longer than anything of a stack takes to come.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What an example is.
pub(crate) struct Example {
    /// Its folder in `examples/`.
    pub(crate) folder: &'static str,
    /// The variables with its ports, without `_PORT`.
    pub(crate) ports: &'static [&'static str],
    /// The name of its database.
    pub(crate) database: &'static str,
    /// The version that is good.
    pub(crate) good: &'static str,
    /// Where the port's service says its version: the path, and the field.
    pub(crate) version: (&'static str, &'static str, &'static str),
    /// The environment of its configuration that is on Docker Compose.
    pub(crate) environment: &'static str,
    /// What its configuration has for the mail server; empty where it sends no letters.
    pub(crate) mail: &'static str,
}

/// A team with its good version up.
pub(crate) struct Team {
    pub(crate) example: &'static Example,
    pub(crate) project: Project,
    ports: BTreeMap<&'static str, u16>,
    /// What the team's chat was told.
    pub(crate) chat: HttpReceiver,
    /// What whoever is on call was told.
    pub(crate) pager: HttpReceiver,
    /// The team's letters.
    pub(crate) mail: SmtpReceiver,
}

/// A container of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) image: String,
    pub(crate) is_running: bool,
    /// As Docker writes it: sorts by time.
    pub(crate) started_at: String,
}

impl Team {
    /// The stack, up and recorded as good. `None`, with the skip counted, where the test-bed lacks a part.
    pub(crate) fn open(test: &str, example: &'static Example) -> Option<Self> {
        let (project, base) = (Project::start(test)?, site_image(test)?);
        let ports = example.ports.iter().map(|name| (*name, free_port())).collect();
        let taken = || HttpReceiver::start(|_| Answer::Say(200, "ok".to_owned())).unwrap();
        let pager = HttpReceiver::start(|_| Answer::Say(202, "{\"status\": \"success\"}".to_owned())).unwrap();
        let mail = SmtpReceiver::on(0, Security::Plain, None).unwrap();
        let team = Self { example, project, ports, chat: taken(), pager, mail };
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example.folder).join(".");
        let copied = Command::new("cp").arg("-r").args([from.as_path(), team.project.folder()]).status();
        assert!(copied.unwrap().success());
        team.project.write(".env", &team.variables(&base));
        team.send_letters_here();
        team.run(&["./build.sh"], &[("BASE", &base), ("IMAGES", &team.prefix()), ("LABEL", &team.project.label())]);
        team.deploy(&[example.good]);
        wait_until("the good version to answer", SOON, || team.version().as_deref() == Some(example.good));
        Some(team)
    }

    /// What the team's images begin with.
    fn prefix(&self) -> String {
        format!("{}/", self.project.name())
    }

    fn variables(&self, base: &str) -> String {
        let ports: String = self.ports.iter().map(|(name, port)| format!("{name}_PORT={port}\n")).collect();
        format!("COMPOSE_PROJECT_NAME={}\nBASE={base}\nIMAGES={}\n{ports}", self.project.name(), self.prefix())
    }

    /// The configuration names the mail server and the pager of the team; those of the test are here.
    fn send_letters_here(&self) {
        let text = self.file("backout.yaml");
        let server = format!("smtp: \"smtp://127.0.0.1:{}\", starttls: false", self.mail.port());
        let mail = format!("smtp: \"smtp://{}\"", self.example.mail);
        assert!(self.example.mail.is_empty() || text.contains(&mail), "{text}");
        let pager = format!("PAGERDUTY_ROUTING_KEY\", server: \"{}\"", self.pager.url(""));
        let text = text.replace(&mail, &server).replace("PAGERDUTY_ROUTING_KEY\"", &pager);
        self.project.write("backout.yaml", &text);
    }

    /// The port behind a variable.
    pub(crate) fn port(&self, name: &str) -> u16 {
        self.ports[name]
    }

    /// A file of the team's folder.
    pub(crate) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.project.folder().join(name)).unwrap()
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.project.folder().join(name).exists()
    }

    /// Runs a program of the team's folder.
    fn run(&self, words: &[&str], variables: &[(&str, &str)]) {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.project.folder()).envs(variables.iter().copied());
        let output = command.env("DOCKER_BUILDKIT", "0").output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A deploy that nobody guards.
    pub(crate) fn deploy(&self, words: &[&str]) {
        self.run(&[&["./deploy.sh"], words].concat(), &[]);
    }

    /// A deploy that is guarded, to its end.
    pub(crate) fn guard(&self, words: &[&str]) -> Ended {
        self.start_guard(&[], words).wait()
    }

    /// The same with options of the guard, and looked at while it runs.
    pub(crate) fn start_guard(&self, options: &[&str], words: &[&str]) -> Running {
        self.start(&[&["guard"], options, &["--", "./deploy.sh"], words].concat(), &[])
    }

    /// Runs `backout WORDS` to its end.
    pub(crate) fn backout(&self, words: &[&str]) -> Ended {
        self.start(words, &[]).wait()
    }

    /// Starts `backout WORDS` in the team's folder.
    pub(crate) fn start(&self, words: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backout"));
        command.current_dir(self.project.folder()).args(words).env("BACKOUT_ENVIRONMENT", self.example.environment);
        command.envs(self.ports.iter().map(|(name, port)| (format!("{name}_PORT"), port.to_string())));
        command.env("DATABASE_URL", self.url(self.example.database)).env("PAGERDUTY_ROUTING_KEY", "a key");
        command.env("SLACK_WEBHOOK", self.chat.url("/services/T0/B0/x"));
        // Minutes of the page are moments here.
        command.envs([("SOAK", "20s"), ("OBSERVE", "1s"), ("RATE_OVER", "5s")]);
        // A machine that builds something else meanwhile is slow without anybody's doing.
        command.env("SLOW", "5s").envs(variables.iter().copied());
        Running::start(command)
    }

    /// The journal.
    pub(crate) fn journal(&self) -> Journal {
        Journal::of(&self.project.folder().join(".backout"))
    }

    /// Waits until there is a record of that kind after that number.
    pub(crate) fn await_record(&self, since: i64, kind: &str) -> JournalRecord {
        next_record(&self.journal(), since, kind)
    }

    fn url(&self, dbname: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{dbname}?sslmode=disable", self.port("POSTGRES"))
    }

    /// What a query answers, one row a line.
    pub(crate) fn sql(&self, query: &str) -> Vec<String> {
        self.sql_in(self.example.database, query)
    }

    /// The same in another database of the server.
    pub(crate) fn sql_in(&self, dbname: &str, query: &str) -> Vec<String> {
        rows(&self.url(dbname), query)
    }

    /// The databases on the server, but for those that every server has.
    pub(crate) fn databases(&self) -> Vec<String> {
        self.sql_in("postgres", "SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template.)$' ORDER BY 1")
    }

    /// The id of the restore point that was taken last.
    pub(crate) fn newest_restore_point(&self) -> String {
        let listed = self.backout(&["backup", "list", "--json"]).expect_code(0).stdout;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let id = listed.pointer("/restore_points/0/id").and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("{listed}")).to_owned()
    }

    /// The version that the application says it is.
    pub(crate) fn version(&self) -> Option<String> {
        let (port, path, name) = self.example.version;
        field(self.port(port), path, name)
    }

    /// The one container of each service.
    pub(crate) fn seen(&self) -> BTreeMap<String, Container> {
        let project = format!("label=com.docker.compose.project={}", self.project.name());
        let ids = docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &project]);
        let words: Vec<&str> = ["inspect", "--type", "container"].into_iter().chain(ids.split_whitespace()).collect();
        let told: Value = serde_json::from_str(&docker(&words)).unwrap();
        let all = told.as_array().unwrap().iter().map(|it| {
            let text = |path: &str| it.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
            let service = it["Config"]["Labels"]["com.docker.compose.service"].as_str().unwrap().to_owned();
            let is_running = text("/State/Status") == "running";
            (
                service,
                Container { id: text("/Id"), image: text("/Image"), is_running, started_at: text("/State/StartedAt") },
            )
        });
        all.collect()
    }
}

impl Recorded for Team {
    fn journal(&self) -> Journal {
        Self::journal(self)
    }
}

/// Waits until there is a record of that kind after that number.
pub(crate) fn next_record(journal: &Journal, since: i64, kind: &str) -> JournalRecord {
    let found = || journal.since(since).into_iter().find(|record| record.kind == kind);
    let mut last = None;
    wait_until(kind, SOON, || {
        std::thread::sleep(Duration::from_millis(20));
        last = found();
        last.is_some()
    });
    last.unwrap()
}

/// What a query answers in the database of that address, one row a line.
pub(crate) fn rows(url: &str, query: &str) -> Vec<String> {
    let output = Command::new("/usr/lib/postgresql/15/bin/psql").args([url, "-XAtc", query]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

impl Drop for Team {
    /// Ends every process that works in the project's folder: guards, switches, and what they started.
    fn drop(&mut self) {
        end_all_of(self.project.folder());
    }
}

/// The containers of these services were replaced and run, and every other one is the very same as before.
#[track_caller]
pub(crate) fn only_replaced(names: &[&str], before: &BTreeMap<String, Container>, after: &BTreeMap<String, Container>) {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (name, was) in before {
        let is = &after[name];
        assert!(is.is_running, "`{name}`: {was:?} {is:?}");
        assert_eq!(is.id != was.id, names.contains(&name.as_str()), "`{name}`: {was:?} {is:?}");
    }
}

/// The same, where what was replaced runs the image that it ran before.
#[track_caller]
pub(crate) fn only_taken_back(
    names: &[&str],
    before: &BTreeMap<String, Container>,
    after: &BTreeMap<String, Container>,
) {
    only_replaced(names, before, after);
    names.iter().for_each(|name| assert_eq!(after[*name].image, before[*name].image, "`{name}`"));
}
