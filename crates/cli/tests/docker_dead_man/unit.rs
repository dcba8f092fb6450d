//! The unit that packages bring, on a real systemd: it watches, takes a bad deploy back, and when it is stopped, what it started
//! lives on.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use backout_testkit::guarded::wait_until;
use backout_testkit::skip::skip;
use serde_json::Value;

/// The image that the test-bed makes.
const IMAGE: &str = "backout-test/systemd:2";
const UNIT: &str = "backout-watch@prod";
/// How long anything may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

const CONFIGURATION: &str = "version: 1
project: shop
environments:
  prod:
    platform: { host: {} }
    services:
      web:
        releases: app
        run: [./start]
        probes:
          health: { http: \"http://127.0.0.1:8080/health\", every: 250ms, timeout: 1s }
    guard: { soak: 8s, dead_man: 5s, every: 100ms }
    watch: { automatic: true }
";

#[test]
fn a_unit_that_is_stopped_leaves_what_it_has_taken_back_running() {
    let Some(machine) = Machine::start("a_unit_that_is_stopped_leaves_what_it_has_taken_back_running") else { return };
    machine.deploy("1");
    machine.until("version 1 serves", || machine.backout(&["verify"]).status.success());
    machine.well(&["systemctl", "start", UNIT]);
    machine.until("it is watched", || text(&machine.backout(&["status"]).stdout).contains("watched:"));
    assert_eq!(text(&machine.run(&["systemctl", "is-active", UNIT]).stdout).trim(), "active");

    machine.deploy("2");
    let newest = || machine.document(&["history"])["runs"][0].clone();
    machine.until("it is taken back", || newest()["ending"]["result"] == "rolled_back");
    assert_eq!(newest()["kind"]["is"], "noticed");

    machine.well(&["systemctl", "stop", UNIT]);
    let ended = machine.run(&["systemctl", "show", "--property=ActiveState,Result,ExecMainStatus", UNIT]);
    let ended = text(&ended.stdout);
    for said in ["ActiveState=inactive", "Result=success", "ExecMainStatus=0"] {
        assert!(ended.contains(said), "{said}: {ended}");
    }
    let verified = machine.backout(&["verify"]);
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    assert_eq!(machine.document(&["status"])["services"][0]["label"], "release 1");
}

/// A machine with the unit, a configuration and two releases of the demo application. It is removed when it is dropped.
struct Machine {
    name: String,
    folder: tempfile::TempDir,
}

impl Machine {
    fn start(test: &str) -> Option<Self> {
        if !docker(&["image", "inspect", IMAGE]).status.success() {
            skip(test, "the image `backout-test/systemd:2` is missing (`cargo xtask testbed up`)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("backout-unit-").tempdir().unwrap();
        let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
        let machine = Self { name, folder };
        machine.write("etc/backout.yaml", CONFIGURATION);
        for (version, mode) in [("1", "ok"), ("2", "fail-after:1500")] {
            let start = format!("exec backout demo-app --listen 127.0.0.1:8080 --version {version} --mode {mode}");
            machine.write(&format!("etc/app/releases/{version}/start"), &format!("#!/bin/sh\n{start}\n"));
        }
        let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/systemd");
        let unit = std::fs::read_to_string(units.join("backout-watch@.service")).unwrap();
        machine.write("units/backout-watch@.service", &unit);
        machine.boot();
        Some(machine)
    }

    fn boot(&self) {
        let mount = |from: &Path, to: &str| format!("--volume={}:{to}", from.display());
        let mut words = vec!["run", "--detach", "--name", &self.name, "--network", "none", "--cap-add", "SYS_ADMIN"];
        words.extend(["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]);
        words.extend(["--cgroupns=private", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"]);
        let mounts = [
            mount(&self.path("etc"), "/etc/backout"),
            mount(&self.path("units"), "/run/systemd/system"),
            mount(Path::new(env!("CARGO_BIN_EXE_backout")), "/usr/bin/backout:ro"),
        ];
        words.extend(mounts.iter().map(String::as_str));
        words.extend(["--env", "container=docker", IMAGE]);
        let started = docker(&words);
        assert!(started.status.success(), "{}", text(&started.stderr));
        // The first calls may come before process 1 listens.
        self.until("systemd to be up", || self.run(&["systemctl", "is-system-running", "--wait"]).status.success());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that can be run.
    fn write(&self, name: &str, content: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        backout_engine::durable::replace(&self.path(name), content.as_bytes(), 0o755).unwrap();
    }

    /// Deploys a release, as a person would who tells nobody.
    fn deploy(&self, version: &str) {
        let (link, new) = (self.path("etc/app/current"), self.path("etc/app/current.new"));
        symlink(format!("releases/{version}"), &new).unwrap();
        std::fs::rename(new, link).unwrap();
        let restarted = self.backout(&["restart", "web"]);
        assert!(restarted.status.success(), "{}", text(&restarted.stderr));
    }

    /// Runs `backout` in the machine on what the unit watches.
    fn backout(&self, words: &[&str]) -> Output {
        let own = ["backout", "--config", "/etc/backout/backout.yaml", "--state", "/var/lib/backout"];
        self.run(&[&own, words].concat())
    }

    fn document(&self, words: &[&str]) -> Value {
        serde_json::from_slice(&self.backout(&[words, &["--json"]].concat()).stdout).unwrap_or_default()
    }

    fn run(&self, words: &[&str]) -> Output {
        docker(&[&["exec", &self.name], words].concat())
    }

    fn well(&self, words: &[&str]) {
        let ended = self.run(words);
        assert!(ended.status.success(), "{words:?}: {}{}", text(&ended.stdout), text(&ended.stderr));
    }

    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        wait_until(what, PATIENCE, || {
            std::thread::sleep(Duration::from_millis(100));
            holds()
        });
    }
}

impl Drop for Machine {
    #[expect(clippy::print_stderr, reason = "the unit's own words say why the test failed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", text(&self.run(&["journalctl", "--no-pager", "--unit", UNIT]).stdout));
        }
        docker(&["rm", "--force", "--volumes", &self.name]);
    }
}

#[expect(clippy::disallowed_methods, reason = "the test drives real programs beside the one under test")]
fn docker(words: &[&str]) -> Output {
    Command::new("docker").args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
