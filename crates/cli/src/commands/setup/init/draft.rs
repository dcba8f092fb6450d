//! The configuration drafted from what was found: what is certain is written, what is a guess is commented out.

use std::collections::BTreeMap;

use super::compose::{ComposeFound, ComposeService};
use super::findings::Findings;
use super::like::Team;
use super::migrations::Migrations;
use super::names::{list, name_of, scalar};
use super::probes::{is_infrastructure, probe_guesses};

/// The text of a configuration: for what was found, with what a team says about it.
///
/// | found     | a team | the services  | the rest                        |
/// |-----------|--------|---------------|---------------------------------|
/// | something | none   | what is there | what every configuration has    |
/// | something | one    | what is there | what the team says, fitted      |
/// | nothing   | one    | the team's    | what the team says              |
pub(super) fn draft(findings: &Findings, team: Option<&Team>) -> String {
    let mut lines = head(findings, team);
    match (team, &findings.compose, &findings.cluster) {
        (Some(team), ..) if !findings.has_something() => lines.extend(team.services.lines().map(str::to_owned)),
        (_, Some(compose), _) => compose_lines(compose, team, &mut lines),
        (_, None, Some(cluster)) => cluster.draft(&mut lines),
        (_, None, None) => host_lines(findings, team, &mut lines),
    }
    lines.push(String::new());
    let framework = findings.migrations.iter().find_map(Migrations::framework);
    match team {
        Some(team) => lines.extend(team.fitted(&lines.join("\n"), framework)),
        None => lines.extend(rest()),
    }
    let is_written = |found: &Migrations| team.is_some() && found.framework().is_some_and(|own| Some(own) == framework);
    lines.extend(findings.migrations.iter().filter(|found| !is_written(found)).flat_map(keep_compatible));
    lines.push(String::new());
    lines.join("\n")
}

/// What stands before the services.
fn head(findings: &Findings, team: Option<&Team>) -> Vec<String> {
    let by = match team {
        None => "`backout init` from what it found here".to_owned(),
        Some(team) if findings.has_something() => format!("`backout init --like {}` for what it found here", team.name),
        Some(team) => format!("`backout init --like {}`: the services are an example", team.name),
    };
    vec![
        format!("# Written by {by}. Read it, and change what is not so."),
        "# Every key is described by `backout schema`; whether all is well: `backout check`.".to_owned(),
        "# Secrets are references: env:NAME, file:PATH, exec:COMMAND.".to_owned(),
        "version: 1".to_owned(),
        format!("project: {}", scalar(&findings.project)),
        "environments:".to_owned(),
        "  production:                       # call it what you call it".to_owned(),
    ]
}

fn compose_lines(compose: &ComposeFound, team: Option<&Team>, lines: &mut Vec<String>) {
    lines.push("    platform:".to_owned());
    lines.push("      compose:".to_owned());
    lines.push(format!("        files: {}", list(&compose.files)));
    if !compose.env_files.is_empty() {
        lines.push(format!("        env_files: {}", list(&compose.env_files)));
    }
    lines.push(String::new());
    lines.push(
        "    # A service also has a probe `container`: what Docker says of its state and its health check.".to_owned(),
    );
    lines.push("    services:".to_owned());
    let names: BTreeMap<&str, String> =
        compose.services.iter().map(|service| (service.name.as_str(), name_of(&service.name))).collect();
    for service in &compose.services {
        service_lines(service, &names, team, lines);
    }
}

fn service_lines(
    service: &ComposeService,
    names: &BTreeMap<&str, String>,
    team: Option<&Team>,
    lines: &mut Vec<String>,
) {
    let name = name_of(&service.name);
    let mut body = Vec::new();
    if name != service.name {
        body.push(format!("service: {}             # its name in the Compose project", scalar(&service.name)));
    }
    if is_infrastructure(service) {
        body.push("tier: infrastructure".to_owned());
    }
    let needs: Vec<String> = service.depends_on.iter().filter_map(|need| names.get(need.as_str()).cloned()).collect();
    if !needs.is_empty() {
        body.push(format!("depends_on: {}", list(&needs)));
    }
    if !service.config_files.is_empty() {
        body.push(format!("artifacts: {{ config: {} }}   # goes back with the image", list(&service.config_files)));
    }
    body.extend(probe_guesses(service, team.map(|team| team.health)));
    if body.iter().all(|line| line.starts_with('#')) {
        lines.push(format!("      {}: {{}}", scalar(&name)));
        lines.extend(body.iter().map(|line| format!("        {line}")));
    } else {
        lines.push(format!("      {}:", scalar(&name)));
        lines.extend(body.iter().map(|line| format!("        {line}")));
    }
}

fn host_lines(findings: &Findings, team: Option<&Team>, lines: &mut Vec<String>) {
    let (host, folder) = (&findings.host, findings.folder.display().to_string());
    lines.push("    platform: { host: {} }".to_owned());
    lines.push(String::new());
    lines.push("    services:".to_owned());
    lines.push(format!("      {}:", scalar(&findings.project)));
    if host.has_releases {
        lines.push(format!("        releases: {}", scalar(&folder)));
    } else if host.is_git {
        lines.push(format!("        git: {}", scalar(&folder)));
        lines.push("        # build: [make, release]        # run in it after a checkout".to_owned());
    }
    if host.units.is_empty() {
        lines.push("        # No systemd unit names this folder: say how the service is restarted.".to_owned());
        lines.push(
            "        command: { restart: \"echo 'say in backout.yaml how this is restarted' >&2; exit 1\" }".to_owned(),
        );
    } else {
        lines.push(format!("        units: {}", list(&host.units)));
    }
    lines.push("        # artifacts: { config: [config/app.toml] }".to_owned());
    // A team's triggers are about the probe, so it is written then, although its port is a guess.
    let (mark, health) = team.map_or(("# ", "health"), |team| ("", team.health));
    lines.push(format!("        {mark}probes:"));
    lines.push(format!(
        "        {mark}  health: {{ http: \"http://127.0.0.1:8000/{health}\", every: 1s, timeout: 2s }}"
    ));
}

/// What every configuration has.
fn rest() -> impl Iterator<Item = String> {
    [
        "    # When to go back. Without any: each probe that fails three times in a row.",
        "    # triggers:",
        "    #   slow: { signal: SERVICE.health.latency, above: 500ms, consecutive: 3, action: rollback }",
        "    guard:",
        "      soak: 5m                      # how long a deploy is watched",
        "      dead_man: 30s                 # how long the guard may be silent before its switch takes over",
    ]
    .into_iter()
    .map(str::to_owned)
}

/// What to know about migrations that the configuration does not name.
fn keep_compatible(found: &Migrations) -> [String; 2] {
    [
        format!("    # Found: database migrations of {} ({}). A rollback of the code does not", found.tool, found.path),
        "    # undo them: keep them compatible with the version before.".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use backout_core::config;

    use super::super::host::HostFound;
    use super::*;

    fn found() -> Findings {
        Findings {
            folder: "/srv/my shop".into(),
            project: "shop".to_owned(),
            compose: None,
            cluster: None,
            host: HostFound::default(),
            migrations: vec![Migrations { tool: "Alembic", path: "alembic.ini" }],
        }
    }

    fn compose() -> ComposeFound {
        let service = |name: &str, image: &str, port: (u16, u16)| ComposeService {
            name: name.to_owned(),
            image: Some(image.to_owned()),
            depends_on: Vec::new(),
            ports: vec![port],
            config_files: Vec::new(),
        };
        let app = ComposeService {
            depends_on: vec!["db".to_owned(), "api.v2".to_owned(), "left-out".to_owned()],
            config_files: vec!["config/app.toml".to_owned()],
            ..service("app", "shop/app:1", (8001, 80))
        };
        ComposeFound {
            files: vec!["docker-compose.yml".to_owned()],
            env_files: vec![".env".to_owned()],
            services: vec![
                app,
                service("api.v2", "api", (8002, 80)),
                service("db", "docker.io/library/postgres:16", (5432, 5432)),
                service("no", "redis@sha256:0", (6379, 6379)),
            ],
            ..ComposeFound::default()
        }
    }

    fn load(text: &str) -> config::Config {
        match config::load(text, &|_| None) {
            Ok(config) => {
                assert_eq!(config.warnings, [], "{text}");
                config
            }
            Err(problems) => panic!("{:?}\n{text}", problems.0),
        }
    }

    /// The same text with its guesses taken for true.
    fn uncommented(text: &str) -> String {
        let guess = |line: &str| line.replacen("# probes:", "probes:", 1).replacen("#   health", "  health", 1);
        let guess =
            |line: &str| guess(line).replacen("#   database", "  database", 1).replacen("#   cache", "  cache", 1);
        let empty = |line: &str| line.replace(": {}", ":");
        text.lines()
            .map(|line| if line.contains("host: {}") { line.to_owned() } else { empty(&guess(line)) + "\n" })
            .collect()
    }

    #[test]
    fn a_compose_draft_loads_without_a_problem_and_so_do_its_guesses() {
        let text = draft(&Findings { compose: Some(compose()), ..found() }, None);
        let environment = load(&text).environments.into_values().next().unwrap();
        let names: Vec<String> = environment.services.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["api-v2", "app", "db", "no"]);
        let guessed = load(&uncommented(&text)).environments.into_values().next().unwrap();
        assert!(guessed.services.values().all(|service| service.probes.len() == 2), "{text}");
    }

    #[test]
    fn a_host_draft_loads_without_a_problem_in_every_layout() {
        for (is_git, has_releases) in [(true, false), (false, true), (true, true)] {
            for units in [vec!["web.service".to_owned()], Vec::new()] {
                let text = draft(&Findings { host: HostFound { is_git, has_releases, units }, ..found() }, None);
                load(&text);
            }
        }
    }

    #[test]
    fn databases_and_caches_are_infrastructure() {
        let environment = load(&draft(&Findings { compose: Some(compose()), ..found() }, None));
        let services = &environment.environments.values().next().unwrap().services;
        let tier = |name: &str| services[&backout_core::id::ServiceName::new(name).unwrap()].tier;
        assert_eq!((tier("db"), tier("no"), tier("app")), (tier("db"), tier("db"), None));
        assert!(tier("db").is_some());
    }
}
