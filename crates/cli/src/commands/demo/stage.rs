//! The stage of the demo: a folder with a real configuration, two releases of a small application, and a deploy script.
//! Nothing in it is special to the demo; a person can read all of it.

use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use backout_engine::durable;

use crate::args::Scenario;
use crate::error::CliError;
use crate::wire::FILE_NAME;

/// The environment's name.
const ENVIRONMENT: &str = "demo";
/// The service's name.
pub(super) const SERVICE: &str = "web";
/// The state directory's name: named to the deploy script, because the person's own variables may name another.
const STATE: &str = ".backout";

/// The folder, and what is in it.
pub(super) struct Stage {
    folder: PathBuf,
    program: PathBuf,
    port: u16,
}

/// How the two releases behave, and how long they are watched.
struct Cast {
    /// Milliseconds before version 1 listens.
    first_start_delay: u32,
    /// The mode of version 2.
    second: &'static str,
    soak: &'static str,
}

fn cast(scenario: Scenario) -> Cast {
    let (first_start_delay, second, soak) = match scenario {
        Scenario::BadDeploy => (50, "fail-after:1500", "10s"),
        Scenario::Crash => (50, "crash-on-start", "10s"),
        Scenario::Slow => (50, "slow-after:1000:1300", "10s"),
        Scenario::GoodDeploy => (50, "ok", "4s"),
        // Long enough to be killed half-way.
        Scenario::Killed => (700, "fail-after:1500", "10s"),
    };
    Cast { first_start_delay, second, soak }
}

impl Stage {
    /// Sets everything up in an empty folder. `program` is backout itself: it is the application's program as well.
    pub(super) fn set(folder: PathBuf, program: PathBuf, scenario: Scenario) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| {
            CliError::failed(format!("the demo could not be set up in `{}`: {error}", folder.display()))
                .hint("name an empty folder that can be written: `backout demo --keep DIR`")
        };
        let port = free_port().map_err(failed)?;
        let stage = Self { folder: folder.clone(), program, port };
        stage.write(&cast(scenario)).map_err(failed)?;
        Ok(stage)
    }

    fn write(&self, cast: &Cast) -> std::io::Result<()> {
        durable::create(&self.config(), self.config_text(cast.soak).as_bytes(), 0o644)?;
        durable::create(&self.deploy_script(), self.deploy_text().as_bytes(), 0o755)?;
        self.release(1, "ok", cast.first_start_delay)?;
        self.release(2, cast.second, 50)?;
        symlink("releases/1", self.folder.join("app/current"))
    }

    fn release(&self, version: u32, mode: &str, start_delay: u32) -> std::io::Result<()> {
        let folder = self.folder.join(format!("app/releases/{version}"));
        std::fs::create_dir_all(&folder)?;
        let text = format!(
            "#!/bin/sh\n# Version {version} of the application.\nexec {} demo-app --listen 127.0.0.1:{} --version {version} \
             --mode {mode} --start-delay {start_delay}\n",
            quoted(&self.program),
            self.port,
        );
        durable::create(&folder.join("start"), text.as_bytes(), 0o755)
    }

    fn config_text(&self, soak: &str) -> String {
        format!(
            r#"# Written by `backout demo`. Every key is described by `backout schema`.
version: 1
project: demo
environments:
  {ENVIRONMENT}:
    platform: {{ host: {{}} }}
    services:
      {SERVICE}:
        releases: app                 # app/releases/ID, and the link app/current
        run: [./start]                # run inside the release, by backout's own small supervisor
        probes:
          health: {{ http: "http://127.0.0.1:{port}/health", every: 500ms, timeout: 3s }}
    triggers:
      failing: {{ signal: {SERVICE}.health.up, below: 100%, consecutive: 3, action: rollback }}
      slow:    {{ signal: {SERVICE}.health.latency, above: 1s, consecutive: 3, action: rollback }}
    guard:
      soak: {soak}
      every: 150ms
      dead_man: 6s
"#,
            port = self.port,
        )
    }

    fn deploy_text(&self) -> String {
        format!(
            "#!/bin/sh\n# Deploys a version: sh deploy.sh 2\nset -eu\nhere=$(cd \"$(dirname \"$0\")\" && pwd)\n\
             ln -sfn \"releases/$1\" \"$here/app/current\"\n\
             exec {} -q -c \"$here/{FILE_NAME}\" -e {ENVIRONMENT} --state \"$here/{STATE}\" restart {SERVICE}\n",
            quoted(&self.program),
        )
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    pub(super) fn deploy_script(&self) -> PathBuf {
        self.folder.join("deploy.sh")
    }

    /// The deploy command of a version.
    pub(super) fn deploy_command(&self, version: u32) -> Vec<String> {
        vec!["sh".to_owned(), self.deploy_script().display().to_string(), version.to_string()]
    }
}

/// A port that nobody listens on now.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use backout_core::config;

    use super::*;

    fn stage(scenario: Scenario) -> (tempfile::TempDir, Stage) {
        let folder = tempfile::tempdir().unwrap();
        let stage = Stage::set(folder.path().to_owned(), "/opt/it's here/backout".into(), scenario).unwrap();
        (folder, stage)
    }

    #[test]
    fn the_configuration_of_every_scenario_has_no_problem() {
        for scenario in [Scenario::BadDeploy, Scenario::Crash, Scenario::Slow, Scenario::GoodDeploy, Scenario::Killed] {
            let (_folder, stage) = stage(scenario);
            let text = std::fs::read_to_string(stage.config()).unwrap();
            let config = config::load(&text, &|_| None).unwrap();
            assert_eq!(config.warnings, [], "{scenario:?}");
        }
    }

    #[test]
    fn a_program_with_a_quote_in_its_path_is_one_word_of_the_shell() {
        let (_folder, stage) = stage(Scenario::BadDeploy);
        assert!(stage.deploy_text().contains(r"exec '/opt/it'\''s here/backout' -q -c"), "{}", stage.deploy_text());
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_as_it_is() {
        let (folder, _stage) = stage(Scenario::BadDeploy);
        let again = Stage::set(folder.path().to_owned(), "/bin/backout".into(), Scenario::Crash);
        assert!(again.is_err());
    }
}
