//! An example as a host of one test: a machine with systemd of its own, in which the team's `backout` runs. What is asked of it is
//! asked from outside, or of systemd and git in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use backout_testkit::docker::{docker, free_port, machine_image};
use backout_testkit::guarded::{Ended, Journal, JournalRecord, Running, wait_until};

use crate::client::{field, status};
use crate::measured::Recorded;
use crate::team::{SOON, next_record, rows};

/// Where the team's folder is in the machine, and where those who are told write down what they were told.
const TEAM: &str = "/srv/himalytix";
const DOUBLES: &str = "/srv/doubles";
/// Where its work tree is.
const TREE: &str = "/var/www/himalytix";

/// What `backout` and the team's scripts find in their environment. Minutes of the page are moments here.
const VARIABLES: [(&str, &str); 10] = [
    ("BACKOUT_ENVIRONMENT", "production"),
    ("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/himalytix?sslmode=disable"),
    ("REDIS_URL", "redis://:changeme@127.0.0.1:6379/0"),
    ("BACKUP_PASSPHRASE", "an example"),
    ("SLACK_WEBHOOK", "http://127.0.0.1:8025/services/T0/B0/x"),
    ("TICKETS_HOOK_KEY", "a key"),
    ("SOAK", "20s"),
    ("OBSERVE", "1s"),
    ("RATE_OVER", "5s"),
    ("AGREE_WITHIN", "0s"),
];

/// The team's chat: it prints whatever is posted.
const CHAT: &str = "\
from http.server import BaseHTTPRequestHandler, HTTPServer
class Chat(BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers['Content-Length'])).decode(), flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'ok')
HTTPServer(('127.0.0.1', 8025), Chat).serve_forever()
";

/// A machine with the team's good version up. It is removed when it is dropped.
pub(crate) struct Machine {
    name: String,
    folder: tempfile::TempDir,
    /// The port at which users come in, and that of the database.
    pub(crate) web: u16,
    database: u16,
}

impl Machine {
    /// `None`, with the skip counted, where the test-bed has no image for it.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let image = machine_image(test)?;
        let folder = tempfile::Builder::new().prefix("backout-host-").tempdir().unwrap();
        let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
        let machine = Self { name, folder, web: free_port(), database: free_port() };
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/himalytix");
        let copied = Command::new("cp").arg("-r").args([&example, &machine.path("team")]).status();
        assert!(copied.unwrap().success());
        std::fs::create_dir(machine.path("doubles")).unwrap();
        std::fs::write(machine.path("doubles/chat.py"), CHAT).unwrap();
        machine.boot(&image);
        machine.listen("chat", &format!("{DOUBLES}/chat.py"));
        machine.listen("mail", "-W ignore -m smtpd -n -c DebuggingServer 127.0.0.1:25");
        machine.well(&["./install.sh"]);
        wait_until("the good version to answer", SOON, || status(machine.web, "/health/ready/") == 200);
        Some(machine)
    }

    fn boot(&self, image: &str) {
        let mount = |from: &Path, to: &str| format!("--volume={}:{to}", from.display());
        let publish = |port: u16, to: u16| format!("--publish=127.0.0.1:{port}:{to}");
        let mut words = vec!["run", "--detach", "--name", &self.name, "--cap-add", "SYS_ADMIN"];
        words.extend(["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]);
        words.extend(["--cgroupns=private", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"]);
        let more = [
            mount(&self.path("team"), TEAM),
            mount(&self.path("doubles"), DOUBLES),
            mount(Path::new(env!("CARGO_BIN_EXE_backout")), "/usr/bin/backout:ro"),
            publish(self.web, 80),
            publish(self.database, 5432),
        ];
        words.extend(more.iter().map(String::as_str));
        words.extend(["--env", "container=docker", image]);
        let _ = docker(&words);
        // The first calls may come before process 1 listens.
        wait_until("systemd to be up", SOON, || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            self.run(&["systemctl", "is-system-running", "--wait"]).code == 0
        });
    }

    /// Starts a unit that writes down what it is told.
    fn listen(&self, name: &str, words: &str) {
        let unit = format!(
            "[Service]\nExecStart=/usr/bin/python3 -u {words}\nStandardOutput=append:{DOUBLES}/{name}.log\n\
             StandardError=null\n"
        );
        std::fs::write(self.path(&format!("doubles/{name}.service")), unit).unwrap();
        self.well(&["cp", &format!("{DOUBLES}/{name}.service"), "/etc/systemd/system/"]);
        self.well(&["systemctl", "daemon-reload"]);
        self.well(&["systemctl", "start", &format!("{name}.service")]);
    }

    /// A file or folder that the machine shares with the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What one of those who are told has been told so far.
    pub(crate) fn told(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(&format!("doubles/{name}.log"))).unwrap_or_default()
    }

    /// Starts a program in the machine, in the team's folder.
    pub(crate) fn start_program(&self, words: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = Command::new("docker");
        command.args(["exec", "--workdir", TEAM]);
        let all: BTreeMap<&str, &str> = VARIABLES.iter().chain(variables).copied().collect();
        command.args(all.iter().map(|(name, value)| format!("--env={name}={value}")));
        command.arg(&self.name).args(words);
        Running::start(command)
    }

    /// Runs a program to its end, however that is.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.start_program(words, &[]).wait()
    }

    /// Runs a program that must succeed; what it printed.
    pub(crate) fn well(&self, words: &[&str]) -> String {
        self.run(words).expect_code(0).stdout.trim_end().to_owned()
    }

    /// Runs `backout WORDS` to its end.
    pub(crate) fn backout(&self, words: &[&str]) -> Ended {
        self.run(&[&["backout"], words].concat())
    }

    /// Starts a guarded command of the team.
    pub(crate) fn start_guard(&self, options: &[&str], words: &[&str], variables: &[(&str, &str)]) -> Running {
        self.start_program(&[&["backout", "guard"], options, &["--"], words].concat(), variables)
    }

    /// A deploy that is guarded, to its end.
    pub(crate) fn guard(&self, version: &str) -> Ended {
        self.start_guard(&[], &["./deploy.sh", version], &[]).wait()
    }

    /// A deploy that nobody guards.
    pub(crate) fn deploy(&self, version: &str) {
        self.well(&["./deploy.sh", version]);
    }

    /// What git prints in the team's work tree.
    pub(crate) fn git(&self, words: &[&str]) -> String {
        self.well(&[&["git", "-C", TREE], words].concat())
    }

    /// A file of the machine.
    pub(crate) fn file(&self, path: &str) -> String {
        self.run(&["cat", path]).expect_code(0).stdout
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.run(&["ls", path]).code == 0
    }

    /// Writes a file of the machine.
    pub(crate) fn write(&self, path: &str, text: &str) {
        self.well(&["sh", "-c", "printf '%s' \"$2\" > \"$1\"", "sh", path, text]);
    }

    /// A property of a unit, as systemd says it.
    pub(crate) fn property(&self, unit: &str, name: &str) -> String {
        self.well(&["systemctl", "show", "--value", "--property", name, unit])
    }

    /// What a query answers, one row a line.
    pub(crate) fn sql(&self, query: &str) -> Vec<String> {
        self.sql_in("himalytix", query)
    }

    /// The same in another database of the server.
    pub(crate) fn sql_in(&self, dbname: &str, query: &str) -> Vec<String> {
        rows(&format!("postgres://postgres@127.0.0.1:{}/{dbname}?sslmode=disable", self.database), query)
    }

    /// The databases on the server, but for those that every server has.
    pub(crate) fn databases(&self) -> Vec<String> {
        self.sql_in("postgres", "SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template.)$' ORDER BY 1")
    }

    /// The version that the application says it is.
    pub(crate) fn version(&self) -> Option<String> {
        field(self.web, "/health/", "version")
    }

    /// Waits until there is a record of that kind after that number.
    pub(crate) fn await_record(&self, since: i64, kind: &str) -> JournalRecord {
        next_record(&self.journal(), since, kind)
    }
}

impl Recorded for Machine {
    fn journal(&self) -> Journal {
        Journal::of(&self.path("team/.backout"))
    }
}

impl Drop for Machine {
    #[expect(clippy::print_stdout, reason = "what units said is printed with a test that failed")]
    fn drop(&mut self) {
        let docker = |words: &[&str]| Command::new("docker").args(words).output();
        if std::thread::panicking() {
            let words =
                ["exec", &self.name, "journalctl", "--no-pager", "--lines=80", "--unit=gunicorn", "--unit=celery"];
            let said = docker(&words).map(|output| output.stdout).unwrap_or_default();
            println!("{}", String::from_utf8_lossy(&said));
        }
        let _ = docker(&["rm", "--force", "--volumes", &self.name]);
    }
}
