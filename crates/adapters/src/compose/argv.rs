//! Every command line of this adapter, as a value.

use std::time::Duration;

use super::options::{ComposeOptions, DockerOptions};
use crate::command::Command;

/// How long Compose may take to read its files.
const READING: Duration = Duration::from_secs(30);

/// How long Compose may take to bring a service up, beside the time that the old containers have to stop.
const BRINGING_UP: Duration = Duration::from_secs(180);

/// How long the fetch of an image may take.
const PULLING: Duration = Duration::from_secs(900);

/// Bring one service up from a captured document.
#[derive(Debug, Clone)]
pub(super) struct Up<'a> {
    pub(super) project: &'a str,
    pub(super) service: &'a str,
    pub(super) scale: u32,
    pub(super) grace: Duration,
    pub(super) recreate: Recreate,
}

/// What becomes of the containers that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recreate {
    /// They are replaced where they differ.
    Differing,
    /// They are replaced even where they do not.
    All,
    /// They stay.
    None,
}

/// `docker` with the engine chosen and Compose's own variables kept from interfering.
fn docker(options: &DockerOptions) -> Command {
    let mut environment = options.environment.clone();
    if options.host.is_some() || options.context.is_some() {
        environment.remove(std::ffi::OsStr::new("DOCKER_HOST"));
        environment.remove(std::ffi::OsStr::new("DOCKER_CONTEXT"));
    }
    environment.extend(options.host.iter().map(|host| ("DOCKER_HOST".into(), host.into())));
    let context = options.context.iter().filter(|_| options.host.is_none());
    environment.extend(context.map(|context| ("DOCKER_CONTEXT".into(), context.into())));
    Command::new(&options.program, &environment)
        .install("install the Docker client with its Compose plugin (https://docs.docker.com/compose/install/)")
}

fn compose(options: &ComposeOptions) -> Command {
    docker(&options.docker)
        .folder(&options.folder)
        .env("COMPOSE_REMOVE_ORPHANS", "0")
        .env("COMPOSE_IGNORE_ORPHANS", "1")
        .env("COMPOSE_ANSI", "never")
        .env("DOCKER_CLI_HINTS", "false")
        .arg("compose")
}

/// Compose on a captured document, which comes on standard input. The project's `.env` is kept out: everything is
/// resolved already, and a file that a bad deploy broke must not stand in the way back.
fn compose_captured(options: &ComposeOptions, project: &str) -> Command {
    compose(options)
        .args(["--progress", "plain", "--project-name", project, "--project-directory"])
        .arg(options.project_folder())
        .args(["--env-file", "/dev/null", "--file", "-"])
}

/// `docker compose` on the project as it is written, without a profile.
pub(crate) fn project(options: &ComposeOptions) -> Command {
    let mut command = compose(options);
    for (flag, values) in [("--file", &options.files), ("--env-file", &options.env_files)] {
        command = values.iter().fold(command, |command, value| command.args([flag, value]));
    }
    match &options.project {
        Some(project) => command.args(["--project-name", project]),
        None => command,
    }
}

/// Prints the project, resolved, with the services of every profile.
pub(super) fn config(options: &ComposeOptions) -> Command {
    let command = project(options);
    let profiles = options.profiles.iter().map(String::as_str).chain(["*"]);
    profiles
        .fold(command, |command, profile| command.args(["--profile", profile]))
        .args(["config", "--format", "json"])
        .limit(READING)
}

/// Prints the hash that Compose would label each service's containers with, for a resolved document.
pub(super) fn hashes(options: &ComposeOptions, project: &str, document: Vec<u8>) -> Command {
    compose_captured(options, project).args(["--profile", "*", "config", "--hash", "*"]).stdin(document).limit(READING)
}

/// Prints the version of Compose, where there is one.
pub(super) fn version(options: &ComposeOptions) -> Command {
    compose(options).args(["version", "--short"]).limit(READING)
}

/// Brings one service up, and nothing else.
pub(super) fn up(options: &ComposeOptions, up: &Up<'_>, document: Vec<u8>) -> Command {
    let seconds = whole_seconds(up.grace);
    let command = compose_captured(options, up.project)
        .args(["up", "--detach", "--no-deps", "--no-build", "--pull", "never", "--timeout"])
        .arg(seconds.to_string())
        .args(["--scale".to_owned(), format!("{}={}", up.service, up.scale)])
        .stdin(document)
        .limit(BRINGING_UP + up.grace);
    let command = match up.recreate {
        Recreate::Differing => command,
        Recreate::All => command.arg("--force-recreate"),
        Recreate::None => command.arg("--no-recreate"),
    };
    command.arg(up.service)
}

/// Fetches an image by digest. The client does it, because it knows the user's registry credentials and their helpers.
pub(super) fn pull(options: &DockerOptions, repo_digest: &str) -> Command {
    docker(options).args(["pull", "--quiet", repo_digest]).limit(PULLING)
}

/// Asks a registry for an image by digest, and fetches nothing of it.
pub(super) fn manifest(options: &DockerOptions, repo_digest: &str) -> Command {
    docker(options).args(["manifest", "inspect", repo_digest]).limit(READING)
}

/// Compose and the engine count in whole seconds; a container gets no less than it was promised.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::command::Environment;

    fn options() -> ComposeOptions {
        ComposeOptions {
            project: Some("shop".to_owned()),
            folder: "/srv/shop".into(),
            files: vec!["deploy/compose.yml".to_owned(), "deploy/prod.yml".to_owned()],
            env_files: vec![".env.prod".to_owned()],
            profiles: vec!["web".to_owned()],
            services: BTreeMap::new(),
            docker: DockerOptions::from_environment(Environment::new()),
        }
    }

    #[test]
    fn the_project_is_read_with_its_files_and_every_profile() {
        assert_eq!(
            config(&options()).to_string(),
            "docker compose --file deploy/compose.yml --file deploy/prod.yml --env-file .env.prod \
             --project-name shop --profile web --profile '*' config --format json"
        );
    }

    #[test]
    fn one_service_is_brought_up_without_its_neighbours_and_without_the_users_files() {
        let request = Up {
            project: "shop",
            service: "app",
            scale: 2,
            grace: Duration::from_millis(1500),
            recreate: Recreate::All,
        };
        let command =
            up(&options(), &request, b"{\"services\":{\"app\":{\"environment\":{\"S\":\"hunter2\"}}}}".to_vec());
        assert_eq!(
            command.to_string(),
            "docker compose --progress plain --project-name shop --project-directory /srv/shop/deploy \
             --env-file /dev/null --file - up --detach --no-deps --no-build --pull never --timeout 2 --scale app=2 \
             --force-recreate app"
        );
        assert!(!command.argv().any(|word| word.to_string_lossy().contains("hunter2")));
    }

    #[test]
    fn a_host_given_by_name_wins_over_the_environment() {
        let mut options = options();
        options.docker.environment = Environment::from([("DOCKER_CONTEXT".into(), "other".into())]);
        options.docker.host = Some("ssh://deploy@web1".to_owned());
        let shown = format!("{:?}", docker(&options.docker).environment());
        assert!(shown.contains("ssh://deploy@web1") && !shown.contains("DOCKER_CONTEXT"), "{shown}");
    }
}
