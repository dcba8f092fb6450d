//! What is written for each team, whatever was found, is read as `backout` reads it.

use backout_core::config::{self, Config, Environment};
use backout_core::data::Framework;
use clap::ValueEnum;

use super::super::cluster::ClusterFound;
use super::super::compose::{ComposeFound, ComposeService};
use super::super::draft::draft;
use super::super::findings::Findings;
use super::super::host::HostFound;
use super::super::migrations::Migrations;
use super::team;
use crate::args::Like;

fn nothing() -> Findings {
    Findings {
        folder: "/srv/shop".into(),
        project: "shop".to_owned(),
        compose: None,
        cluster: None,
        host: HostFound::default(),
        migrations: Vec::new(),
    }
}

/// Two services of the application and a database; their ports are known where Docker could be asked.
fn compose(was_asked: bool) -> Findings {
    let service = |name: &str, image: &str, ports: (u16, u16)| ComposeService {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        ports: if was_asked { vec![ports] } else { Vec::new() },
        ..ComposeService::default()
    };
    let services = vec![
        service("api", "shop/api", (8001, 80)),
        service("db", "postgres:16", (5432, 5432)),
        service("web", "shop/web", (8002, 80)),
    ];
    let found = ComposeFound { files: vec!["compose.yaml".to_owned()], services, ..ComposeFound::default() };
    Findings { compose: Some(found), ..nothing() }
}

fn cluster() -> Findings {
    let found = ClusterFound {
        namespace: "shop".to_owned(),
        workloads: vec![("deployment".to_owned(), "web".to_owned())],
        releases: vec!["api.v2".to_owned()],
        applications: [("argocd".to_owned(), "platform".to_owned())].into(),
        ..ClusterFound::default()
    };
    Findings { cluster: Some(found), ..nothing() }
}

fn host(units: &[&str]) -> Findings {
    let units = units.iter().map(|unit| (*unit).to_owned()).collect();
    Findings { host: HostFound { is_git: true, has_releases: false, units }, ..nothing() }
}

fn with(tool: &'static str, findings: Findings) -> Findings {
    Findings { migrations: vec![Migrations { tool, path: "here" }], ..findings }
}

fn sites() -> Vec<Findings> {
    let sites = [nothing(), compose(true), compose(false), cluster(), host(&["web.service"]), host(&[])];
    let tools = ["Alembic", "Rails", "Knex"].map(|tool| sites.clone().map(|site| with(tool, site)));
    sites.into_iter().chain(tools.into_iter().flatten()).collect()
}

fn load(text: &str) -> Config {
    match config::load(text, &|_| None) {
        Ok(config) => {
            assert_eq!(config.warnings, [], "{text}");
            config
        }
        Err(problems) => panic!("{:?}\n{text}", problems.0),
    }
}

fn environment(like: Like, findings: &Findings) -> Environment {
    load(&draft(findings, Some(&team(like)))).environments.into_values().next().unwrap()
}

fn triggers(environment: &Environment) -> Vec<String> {
    environment.triggers.iter().map(|trigger| format!("{}: {}", trigger.name, trigger.signal)).collect()
}

/// A text with what it offers taken for true. What still has a placeholder is no offer yet, and a sentence never was.
fn taken(text: &str) -> String {
    text.lines().map(|line| uncommented(line) + "\n").collect()
}

fn uncommented(line: &str) -> String {
    let Some((before, after)) = line.split_once("# ").filter(|(before, _)| before.trim().is_empty()) else {
        return line.to_owned();
    };
    if after.contains("SERVICE") || after.contains("ADDRESS") {
        return String::new();
    }
    let bare = after.trim_start();
    let key = bare.split(':').next().unwrap_or_default();
    let is_key =
        bare.contains(':') && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c));
    if bare.starts_with('#') {
        return format!("{before}{}", uncommented(after));
    }
    if is_key || bare.starts_with("- ") { format!("{before}{after}") } else { line.to_owned() }
}

#[test]
fn what_is_written_loads_without_a_problem_whatever_was_found() {
    for like in Like::value_variants() {
        for site in sites() {
            let environment = environment(*like, &site);
            assert!(!environment.triggers.is_empty() && environment.triggers.iter().all(|trigger| !trigger.implicit));
        }
    }
}

#[test]
fn what_is_offered_loads_as_well() {
    for like in Like::value_variants() {
        for site in sites() {
            let text = draft(&site, Some(&team(*like)));
            let environment = load(&taken(&text)).environments.into_values().next().unwrap();
            assert!(!environment.databases.is_empty() && !environment.notify.notifiers.is_empty(), "{text}");
            assert!(environment.drill.is_some() || *like == Like::Himalytix, "{text}");
        }
    }
}

#[test]
fn each_service_of_the_application_has_the_triggers_of_the_team() {
    let found = triggers(&environment(Like::Heliosdb, &compose(true)));
    for wanted in ["down_api: api.health.up", "down_web: web.health.up", "cpu_web: web.cpu", "errors: error_rate"] {
        assert!(found.iter().any(|trigger| trigger == wanted), "{wanted} is not among {found:?}");
    }
    assert!(found.iter().all(|trigger| !trigger.contains("db.")), "{found:?}");
}

#[test]
fn what_has_no_probe_of_http_goes_back_by_what_its_platform_says() {
    let wanted = "broken_platform: platform.container.up";
    let found = triggers(&environment(Like::Predator, &cluster()));
    assert!(found.iter().any(|trigger| trigger == wanted), "{found:?}");
    let found = triggers(&environment(Like::PiperMorgan, &compose(false)));
    assert!(found.iter().any(|trigger| trigger == "service_health_web: web.container.up"), "{found:?}");
    assert!(found.iter().all(|trigger| !trigger.ends_with(".latency")), "{found:?}");
}

#[test]
fn what_the_platform_does_not_measure_is_said_and_not_written() {
    let text = draft(&cluster(), Some(&team(Like::Heliosdb)));
    let line = text.lines().find(|line| line.contains("SERVICE.cpu")).unwrap();
    assert!(line.starts_with("      # cpu: ") && line.ends_with("make a signal of a query"), "{line}");
    assert!(!triggers(&environment(Like::Heliosdb, &host(&[]))).iter().any(|trigger| trigger.ends_with(".cpu")));
    assert!(triggers(&environment(Like::Heliosdb, &host(&["web.service"]))).contains(&"cpu: shop.cpu".to_owned()));
}

#[test]
fn a_database_is_written_where_a_tool_that_changes_its_schema_was_found() {
    for like in Like::value_variants() {
        assert!(environment(*like, &compose(true)).databases.is_empty());
        assert!(environment(*like, &with("Knex", compose(true))).databases.is_empty());
        let environment = environment(*like, &with("Alembic", compose(true)));
        let database = environment.databases.values().next().unwrap();
        let migrations = database.migrations.as_ref().unwrap();
        let service = migrations.service.as_ref().map(ToString::to_string);
        assert_eq!((migrations.framework, service.as_deref()), (Framework::Alembic, Some("api")));
        assert!(!database.automatic && database.backup.is_some());
    }
}

#[test]
fn migrations_that_are_not_configured_are_told() {
    let told = |tool| {
        draft(&with(tool, compose(true)), Some(&team(Like::PiperMorgan))).contains("# Found: database migrations")
    };
    assert_eq!((told("Alembic"), told("Knex")), (false, true));
}

#[test]
fn a_host_is_asked_for_what_the_team_asks_for() {
    let text = draft(&host(&["web.service"]), Some(&team(Like::Himalytix)));
    assert!(text.contains("          health: { http: \"http://127.0.0.1:8000/health/\""), "{text}");
    assert!(text.contains("http: \"http://127.0.0.1:8000/accounts/login/\""), "{text}");
}
