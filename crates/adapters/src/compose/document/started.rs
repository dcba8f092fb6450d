//! What a deploy command would start, known before it does.
//!
//! Contract: only `docker compose up` itself says that, of the project as it is configured, with images that are here and are
//! neither built nor fetched first. Of any other command nothing is said: a script may change the files that it then deploys.

use std::collections::BTreeMap;

use backout_core::id::ServiceName;
use backout_core::inventory::Version;
use backout_core::port::PortError;
use serde_json::Value;

use super::resolve;
use crate::compose::options::ComposeOptions;
use crate::compose::platform::ComposePlatform;

/// Options of `up` without a value that change nothing about what is started.
const PLAIN: [&str; 14] = [
    "-d",
    "--detach",
    "--wait",
    "--no-deps",
    "--force-recreate",
    "--no-recreate",
    "--always-recreate-deps",
    "--no-build",
    "--remove-orphans",
    "--quiet-pull",
    "--no-color",
    "-V",
    "--renew-anon-volumes",
    "--no-log-prefix",
];
/// The same with a value.
const WITH_VALUE: [&str; 4] = ["-t", "--timeout", "--wait-timeout", "--scale"];

/// The versions that the command would start; nothing where that is not certain.
pub(in crate::compose) async fn would_start(
    platform: &ComposePlatform,
    argv: &[String],
) -> BTreeMap<ServiceName, Version> {
    let Some(only) = plain_up(argv, &platform.options) else { return BTreeMap::new() };
    started(platform, &only).await.unwrap_or_default()
}

async fn started(platform: &ComposePlatform, only: &[String]) -> Result<BTreeMap<ServiceName, Version>, PortError> {
    let (docker, project) = (platform.engine.docker().await?, platform.project().await?);
    let resolved = resolve(&platform.options, project).await?;
    let mut found = BTreeMap::new();
    for (service, name) in &platform.options.services {
        let described = &resolved.document["services"][name];
        let (image, hash) = (image_of(described, project, name), resolved.hashes.get(name));
        let is_meant = only.is_empty() || only.contains(name);
        let (Some(image), Some(hash), true) = (image, hash, is_meant) else { continue };
        let Ok(inspected) = docker.inspect_image(&image).await else { continue };
        let version = inspected.id.map(|code| Version { code, spec: hash.clone() });
        found.extend(version.map(|version| (service.clone(), version)));
    }
    Ok(found)
}

/// The image that a service starts from as it is here; nothing where another is fetched or built first.
fn image_of(service: &Value, project: &str, name: &str) -> Option<String> {
    let policy = service["pull_policy"].as_str().unwrap_or("missing");
    if !service.is_object() || !matches!(policy, "missing" | "never" | "if_not_present") {
        return None;
    }
    Some(service["image"].as_str().map_or_else(|| format!("{project}-{name}"), str::to_owned))
}

/// The services that a plain `docker compose up` of the configured project names, empty for all of them; nothing for any
/// other command.
fn plain_up(argv: &[String], options: &ComposeOptions) -> Option<Vec<String>> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let (program, rest) = words.split_first()?;
    let rest = match (program.rsplit('/').next()?, rest.split_first()) {
        ("docker", Some((&"compose", rest))) => rest,
        ("docker-compose", Some(_)) => rest,
        _ => return None,
    };
    let up = rest.iter().position(|word| *word == "up")?;
    let (before, after) = rest.split_at(up);
    names_the_project(before, options).then_some(())?;
    let mut services = Vec::new();
    let mut words = after.iter().skip(1);
    while let Some(word) = words.next() {
        match *word {
            word if PLAIN.contains(&word) => {}
            word if WITH_VALUE.contains(&word) => drop(words.next()?),
            word if word.starts_with('-') => return None,
            word => services.push(word.to_owned()),
        }
    }
    Some(services)
}

/// Whether the options before `up` say what the configuration says, or nothing.
fn names_the_project(before: &[&str], options: &ComposeOptions) -> bool {
    let mut given: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pair in before.chunks(2) {
        let [key, value] = pair else { return false };
        let key = match *key {
            "-f" | "--file" => "--file",
            "-p" | "--project-name" => "--project-name",
            "--env-file" => "--env-file",
            _ => return false,
        };
        given.entry(key).or_default().push(value);
    }
    let says = |key: &str, configured: &[String]| given.get(key).is_none_or(|given| given == configured);
    let project: Vec<String> = options.project.iter().cloned().collect();
    says("--file", &options.files) && says("--env-file", &options.env_files) && says("--project-name", &project)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Environment;
    use crate::compose::options::DockerOptions;

    fn says(line: &str) -> Option<Vec<String>> {
        let options = ComposeOptions {
            project: Some("shop".to_owned()),
            folder: "/srv/shop".into(),
            files: vec!["compose.yml".to_owned()],
            env_files: Vec::new(),
            profiles: Vec::new(),
            services: BTreeMap::new(),
            docker: DockerOptions::from_environment(Environment::new()),
        };
        plain_up(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), &options)
    }

    #[test]
    fn compose_itself_says_what_it_starts() {
        assert_eq!(says("docker compose up -d"), Some(Vec::new()));
        assert_eq!(
            says("/usr/bin/docker compose -f compose.yml -p shop up --wait --timeout 3 app"),
            Some(vec!["app".to_owned()])
        );
        assert_eq!(says("docker-compose up"), Some(Vec::new()));
    }

    #[test]
    fn whatever_may_change_what_is_started_says_nothing() {
        let lines = [
            "sh -c docker compose up",
            "make deploy",
            "docker compose up --build",
            "docker compose up --pull always",
            "docker compose -f other.yml up",
            "docker compose -p other up",
            "docker compose --profile x up",
            "docker compose pull",
        ];
        for line in lines {
            assert_eq!(says(line), None, "{line}");
        }
    }

    #[test]
    fn an_image_that_is_fetched_or_built_first_is_not_known() {
        let image = |text: &str| image_of(&serde_json::from_str(text).unwrap(), "shop", "app");
        assert_eq!(image(r#"{"image":"app:2"}"#).as_deref(), Some("app:2"));
        assert_eq!(image(r#"{"build":"."}"#).as_deref(), Some("shop-app"));
        assert_eq!(image(r#"{"image":"app:2","pull_policy":"always"}"#), None);
        assert_eq!(image("null"), None);
    }
}
