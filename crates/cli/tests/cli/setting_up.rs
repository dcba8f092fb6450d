//! Setting up, and what explains itself.

use std::fs;
use std::path::Path;

use backout_core::config::{self, Condition, Config, Environment, Trigger, TriggerAction};
use insta::assert_snapshot;

use crate::place::Place;

/// The teams whose runbooks a configuration can begin from. Each has an example, which is played by tests of its own.
const TEAMS: [&str; 5] = ["heliosdb", "piper-morgan", "himalytix", "predator", "helm-and-compose"];

/// A folder as people have it. `docker` is not on the path, so only what stands in the files is found.
fn sample() -> Place {
    let place = Place::new();
    place.write("shop/docker-compose.yml", "services:\n  app:\n    image: shop/app\n  db:\n    image: postgres:16\n");
    place.write("shop/.env", "APP_TAG=1\n");
    place.write("shop/alembic.ini", "[alembic]\n");
    place
}

#[test]
fn init_writes_a_configuration_that_loads_without_a_problem() {
    let place = sample();
    let written = place.run_in("shop", &["init"]).well();
    assert!(written.stderr.contains("docker-compose.yml with the services app, db"), "{}", written.shown());
    let checked = place.run_in("shop", &["check", "--offline", "--json"]).well().document();
    assert_eq!(checked["holds"], true);
    assert_eq!(checked["findings"][0]["result"], "holds", "{checked:#}");
}

#[test]
fn init_says_what_it_would_write_and_writes_nothing() {
    let place = sample();
    let dry = place.run_in("shop", &["init", "--dry-run"]).well();
    assert_snapshot!(dry.stdout);
    assert!(!place.work().join("shop/backout.yaml").exists());
    let document = place.run_in("shop", &["init", "--dry-run", "--json"]).well().document();
    assert_eq!(document["text"].as_str().unwrap().trim_end(), dry.stdout.trim_end());
}

#[test]
fn init_overwrites_only_when_told_to_and_keeps_the_old_one() {
    let place = sample();
    place.write("shop/backout.yaml", "mine\n");
    let refused = place.run_in("shop", &["init"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("hint: write it anyway"), "{}", refused.shown());
    place.run_in("shop", &["init", "--overwrite"]).well();
    let kept = fs::read_to_string(place.work().join("shop/backout.yaml.old1")).unwrap();
    assert_eq!(kept, "mine\n");
}

#[test]
fn init_of_an_empty_folder_says_what_was_looked_for() {
    let place = Place::new();
    let left = place.run(&["init"]);
    assert_eq!(left.code, Some(2));
    assert_snapshot!(left.shown());
}

#[test]
fn init_like_a_team_begins_from_its_runbook_where_nothing_is_found() {
    let place = Place::new();
    for team in TEAMS {
        place.write(&format!("{team}/README.md"), "nothing yet\n");
        let written = place.run_in(team, &["init", "--like", team]).well();
        assert!(written.stderr.contains("the services are an example"), "{}", written.shown());
        let checked = place.run_in(team, &["check", "--offline", "--json"]).well().document();
        assert_eq!(checked["holds"], true, "{checked:#}");
        assert_snapshot!(team, fs::read_to_string(place.work().join(team).join("backout.yaml")).unwrap());
    }
}

#[test]
fn init_like_a_team_fits_what_is_found() {
    let place = sample();
    let written = place.run_in("shop", &["init", "--like", "heliosdb", "--dry-run"]).well().stdout;
    for line in ["      down_app: { signal: app.container.up, below: 100%, consecutive: 3 }", "    databases:"] {
        assert!(written.lines().any(|other| other == line), "`{line}` is not in\n{written}");
    }
    assert!(written.contains("migrations: { alembic: { in: app } }"), "{written}");
}

#[test]
fn init_like_nobody_says_whom_there_is() {
    let left = Place::new().run(&["init", "--like", "helios"]);
    assert_eq!(left.code, Some(2));
    assert!(left.stderr.contains("heliosdb") && left.stderr.contains("helm-and-compose"), "{}", left.shown());
}

/// An example can have more triggers than the page that it comes from, and none less.
#[test]
fn a_team_begins_with_what_its_example_has() {
    let place = Place::new();
    for team in TEAMS {
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples")).join(team).join("backout.yaml");
        let example = loaded(&fs::read_to_string(file).unwrap());
        let begun = loaded(&place.run(&["init", "--like", team, "--dry-run"]).well().stdout);
        let begun = begun.environments.values().next().unwrap();
        let is_like = |environment: &Environment| {
            environment.policy.rules == begun.policy.rules && environment.objectives == begun.objectives
        };
        assert!(example.environments.values().any(is_like), "{team}: rules or objectives");
        let known: Vec<_> =
            example.environments.values().flat_map(|environment| &environment.triggers).map(essence).collect();
        for trigger in &begun.triggers {
            assert!(known.contains(&essence(trigger)), "{team}: the example has nothing like {trigger:?}");
        }
    }
}

fn loaded(text: &str) -> Config {
    config::load(text, &|_| None).unwrap()
}

/// What a trigger is but for the names of services and of itself.
fn essence(trigger: &Trigger) -> (String, Condition, u32, TriggerAction) {
    let signal = trigger.signal.to_string().rsplit('.').next().unwrap().to_owned();
    (signal, trigger.condition, trigger.consecutive, trigger.action)
}

#[test]
fn the_schema_is_one_document_and_always_the_same() {
    let place = Place::new();
    let (first, second) = (place.run(&["schema"]).well().stdout, place.run(&["schema"]).well().stdout);
    assert_eq!(first, second);
    let schema: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert!(schema["properties"]["environments"].is_object() || schema["definitions"].is_object(), "{first}");
}

#[test]
fn the_reference_is_always_the_same() {
    let place = Place::new();
    assert_eq!(place.run(&["reference"]).well().stdout, place.run(&["reference"]).well().stdout);
}

#[test]
fn every_code_that_is_listed_is_explained() {
    let place = Place::new();
    let index = place.run(&["explain", "--json"]).well().document();
    let codes = index["codes"].as_array().unwrap();
    assert!(codes.len() > 30, "{index:#}");
    for code in ["target-gone", "unknown-key", "7"] {
        assert!(codes.iter().any(|entry| entry["code"] == code), "{code} is not listed");
        let page = place.run(&["explain", code]).well().stdout;
        assert!(page.starts_with("# "), "{page}");
    }
}

#[test]
fn every_shell_has_a_completion_script() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).well().stdout;
        assert!(script.contains("checkpoint"), "{shell}: {} bytes", script.len());
    }
}

#[test]
fn manual_pages_are_written_one_a_command() {
    let place = Place::new();
    place.run(&["man", "pages/man1"]).well();
    let pages = fs::read_dir(place.work().join("pages/man1")).unwrap().count();
    assert!(pages > 20, "{pages} pages");
}
