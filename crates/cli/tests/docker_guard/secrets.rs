//! Planted secrets: wherever they are read from, nothing that `backout` writes, prints or starts shows one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use backout_core::journal::RunResult;

use crate::stage::{Ran, Stage};

/// Looks at the command lines of all processes, again and again.
struct Onlooker {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

/// What an onlooker saw.
#[derive(Default)]
struct Seen {
    /// Command lines with a secret in them.
    leaks: Vec<String>,
    /// Whether Compose was seen at work, which proves that the looking was fast enough.
    has_seen_compose: bool,
}

impl Onlooker {
    fn of(project: &str, secrets: &[&str]) -> Self {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let (project, is_over) = (project.to_owned(), Arc::new(AtomicBool::new(false)));
        let over = is_over.clone();
        let thread = spawn(move || {
            let mut seen = Seen::default();
            while !over.load(Ordering::Relaxed) {
                for line in command_lines() {
                    seen.has_seen_compose |= line.contains("compose") && line.contains(&project);
                    if secrets.iter().any(|secret| line.contains(secret)) {
                        seen.leaks.push(line);
                    }
                }
                sleep(Duration::from_millis(1));
            }
            seen
        });
        Self { is_over, thread }
    }

    fn ask(self) -> Seen {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn command_lines() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
}

/// The files under a folder that hold a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if std::fs::read(&path).is_ok_and(|bytes| holds(&bytes, text.as_bytes())) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Asserts that a secret is in no file of the state directory and in nothing that was printed.
#[track_caller]
fn is_nowhere(stage: &Stage, secret: &str, all: &[&Ran]) {
    assert_eq!(files_with(&stage.state(), secret), Vec::<String>::new(), "{secret} is in the state directory");
    for ran in all {
        assert!(!ran.stdout.contains(secret), "{secret} is on standard output: {ran}");
        assert!(!ran.stderr.contains(secret), "{secret} is on standard error: {ran}");
    }
}

/// Secrets of the version in `.env`, in the Compose file, and in the configuration file; each names where it is planted.
fn planted(tag: &str) -> [String; 3] {
    ["variable", "compose", "configuration"].map(|place| format!("planted-{tag}-{place}-7d1f4c"))
}

/// Writes what a version is made of, as `TAG.env`, `TAG.yml` and `TAG.toml`.
fn plant(stage: &Stage, tag: &str, mode: &str) {
    let [variable, compose, configuration] = planted(tag);
    let _ = stage.image(tag, mode);
    let image = stage.project.image_name(tag);
    let keys = format!(
        "    environment: {{ APP_CONFIG: /config.toml, DB_PASSWORD: \"${{DB_PASSWORD}}\", API_KEY: {compose} }}\n    \
         volumes: [\"./config.toml:/config.toml:ro\"]\n"
    );
    stage.project.write(&format!("{tag}.env"), &format!("IMAGE={image}\nDB_PASSWORD={variable}\n"));
    stage.project.write(&format!("{tag}.yml"), &stage.app(&keys));
    stage.project.write(&format!("{tag}.toml"), &format!("password = \"{configuration}\"\n"));
}

fn put_in_place(tag: &str) -> String {
    format!("cp {tag}.env .env && cp {tag}.yml docker-compose.yml && cp {tag}.toml config.toml")
}

/// A stage on which the version `good` runs, full of secrets.
fn with_secrets(test: &str) -> Option<Stage> {
    let stage = Stage::set(test)?;
    let probe = format!("{{ http: \"http://127.0.0.1:{}/health\", every: 250ms }}", stage.port);
    let artifacts = "        artifacts: { config: [config.toml, .env] }";
    stage.configure(&[&format!("    services:\n      app:\n{artifacts}\n        probes: {{ health: {probe} }}")]);
    plant(&stage, "good", "ok");
    plant(&stage, "bad", "fail-after:1500");
    for (from, to) in [("good.env", ".env"), ("good.yml", "docker-compose.yml"), ("good.toml", "config.toml")] {
        std::fs::copy(stage.project.folder().join(from), stage.project.folder().join(to)).unwrap();
    }
    let _ = stage.project.compose(&["up", "--detach"]);
    crate::stage::eventually("the application answers", || stage.answer("/version").is_some());
    Some(stage)
}

#[test]
fn secrets_that_a_deploy_and_its_way_back_handle_show_up_nowhere() {
    let Some(stage) = with_secrets("secrets_that_a_deploy_and_its_way_back_handle_show_up_nowhere") else { return };
    let own = "planted-process-7d1f4c";
    let (good, bad) = (planted("good"), planted("bad"));
    let secrets: Vec<&str> = good.iter().chain(&bad).map(String::as_str).chain([own]).collect();
    let onlooker = Onlooker::of(stage.project.name(), &secrets);

    let deploy = format!("{} && docker compose -p {} up -d", put_in_place("bad"), stage.project.name());
    let guard = ["--json", "guard", "--", "sh", "-c", &deploy];
    let guarded = Ran::of(stage.start(&guard, &[("SHOP_TOKEN", own)]), &stage);
    let looks: Vec<Ran> = [
        &["status"][..],
        &["--json", "status"],
        &["history"],
        &["--json", "history"],
        &["show"],
        &["--json", "show"],
        &["checkpoint", "list"],
        &["--json", "checkpoint", "list"],
        &["diff"],
        &["--json", "diff"],
        &["--json", "plan"],
        &["--verbose", "plan"],
    ]
    .map(|arguments| Ran::of(stage.start(arguments, &[("SHOP_TOKEN", own)]), &stage))
    .into();
    let seen = onlooker.ask();

    guarded.ended(3, RunResult::RolledBack);
    assert_eq!(stage.answer("/env/DB_PASSWORD"), Some(good[0].clone()), "the secrets were not at work: {guarded}");
    assert_eq!(stage.answer("/env/API_KEY"), Some(good[1].clone()), "{guarded}");
    assert!(stage.answer("/config").is_some_and(|config| config.contains(&good[2])), "{guarded}");
    let all: Vec<&Ran> = looks.iter().chain([&guarded]).collect();
    for secret in secrets {
        is_nowhere(&stage, secret, &all);
    }
    assert_eq!(seen.leaks, Vec::<String>::new());
    assert!(seen.has_seen_compose, "the onlooker saw nothing of Compose");
}

#[test]
fn a_secret_on_the_deploy_command_line_is_masked_wherever_the_command_is_shown() {
    let test = "a_secret_on_the_deploy_command_line_is_masked_wherever_the_command_is_shown";
    let Some(stage) = Stage::set(test) else { return };
    let _ = stage.image("good", "ok");
    stage.up("good");
    let own = "planted-argument-7d1f4c";

    let guard = ["--json", "guard", "--", "sh", "-c", "exit 3", "--password", own];
    let ran = Ran::of(stage.start(&guard, &[("DEPLOY_PASSWORD", own)]), &stage);

    ran.ended(3, RunResult::NothingChanged);
    is_nowhere(&stage, own, &[&ran]);
}
