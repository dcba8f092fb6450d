//! What files resolve to.

use std::time::Duration;

use super::{SAMPLE, loaded, problems, staging};
use crate::config::{
    Condition, Config, Environment, GitMode, HostManage, HostSource, ProbeKind, ServicePlatform, TriggerAction, load,
    parse,
};
use crate::detect::SignalPath;
use crate::id::{EnvironmentName, ProbeName, ServiceName};

fn only(config: Config) -> Environment {
    config.environments.into_values().next().unwrap()
}

fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

#[test]
fn the_sample_resolves_without_a_warning() {
    assert_eq!(problems(SAMPLE), Vec::<String>::new());
    insta::assert_debug_snapshot!(loaded(SAMPLE).unwrap());
}

#[test]
fn the_sample_with_every_comment_taken_away_resolves() {
    let text: String = SAMPLE
        .lines()
        .skip(3)
        .filter(|line| !line.contains("host: ssh://"))
        .map(|line| {
            let key = line.trim_start().strip_prefix("# ").filter(|rest| {
                let name = rest.split(':').next().unwrap();
                rest.contains(':') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            });
            match key {
                Some(rest) => format!("{}{rest}\n", &line[..line.len() - line.trim_start().len()]),
                None => format!("{line}\n"),
            }
        })
        .collect();
    assert!(text.contains("\n            tls:") || text.contains("\n              tls:"));
    assert_eq!(problems(&text), Vec::<String>::new());
}

#[test]
fn a_file_of_the_least_has_the_stated_defaults() {
    let environment = only(loaded(&staging("services: { app: }")).unwrap());
    assert_eq!(environment.guard.soak, Duration::from_secs(300));
    assert_eq!(environment.guard.every, Duration::from_millis(250));
    assert_eq!(environment.policy.attempts, 2);
    let ServicePlatform::Compose(project) = &environment.services[&service("app")].platform else { panic!() };
    assert_eq!(project.service, "app");
    let up = SignalPath::Up(service("app"), ProbeName::new("container").unwrap());
    assert_eq!(environment.verify.require, std::slice::from_ref(&up));
    let [trigger] = environment.triggers.as_slice() else { panic!() };
    assert!(trigger.implicit && trigger.signal == up && trigger.consecutive == 3);
    assert!(trigger.condition.holds(0.0) && !trigger.condition.holds(1.0));
}

#[test]
fn configured_triggers_take_the_place_of_implicit_ones() {
    let text =
        staging("services: { app: }\ntriggers: { down: { signal: app.container.up, below: 100%, action: hold } }");
    let environment = only(loaded(&text).unwrap());
    let [trigger] = environment.triggers.as_slice() else { panic!() };
    assert!(!trigger.implicit);
    assert_eq!(trigger.action, TriggerAction::Hold);
    assert!(matches!(trigger.condition, Condition::Below(limit) if limit.value == 1.0));
}

#[test]
fn variables_are_filled_in_before_values_are_read() {
    let text = staging("services: { app: { stop_timeout: \"${STOP:-7}s\" } }\nguard: { soak: \"${SOAK}\" }");
    let config = load(&text, &|name| (name == "SOAK").then(|| "1m".to_owned())).unwrap();
    let environment = only(config);
    assert_eq!(environment.guard.soak, Duration::from_secs(60));
    assert_eq!(environment.services[&service("app")].stop_timeout, Some(Duration::from_secs(7)));
}

#[test]
fn anchors_and_merge_keys_share_settings() {
    let text = staging(
        "services:\n  a: { probes: { up: &up { tcp: \"a:1\", every: 3s } } }\n  b: { probes: { up: { <<: *up, every: 5s } } }",
    );
    let environment = only(loaded(&text).unwrap());
    let probe = &environment.services[&service("b")].probes[&ProbeName::new("up").unwrap()];
    assert_eq!(probe.every, Duration::from_secs(5));
    assert_eq!(probe.kind, ProbeKind::Tcp { address: "a:1".to_owned() });
}

#[test]
fn a_git_work_tree_is_its_folder_or_more() {
    let host = "platform: { host: {} }, units: [x.service]";
    let text =
        format!("services:\n  a: {{ {host}, git: /srv/a }}\n  b: {{ {host}, git: {{ root: /srv/b, mode: revert }} }}");
    let environment = only(loaded(&staging(&text)).unwrap());
    let source = |name: &str| match &environment.services[&service(name)].platform {
        ServicePlatform::Host(host) => {
            assert_eq!(host.manage, HostManage::Units(vec!["x.service".to_owned()]));
            host.source.clone()
        }
        other => panic!("{other:?}"),
    };
    let git = |root: &str, mode| HostSource::Git { root: root.to_owned(), branch: None, mode };
    assert_eq!(source("a"), git("/srv/a", GitMode::Checkout));
    assert_eq!(source("b"), git("/srv/b", GitMode::Revert));
}

#[test]
fn a_dependency_that_is_named_twice_counts_once() {
    let environment = only(loaded(&staging("services: { a: , b: { depends_on: [a, a] } }")).unwrap());
    assert_eq!(environment.services[&service("b")].depends_on, [service("a")]);
}

#[test]
fn secrets_are_seen_neither_raw_nor_resolved() {
    let text = staging(
        r#"services: { app: { probes: { db: { postgres: "postgres://u:hunter2@db/x" } } } }
notify: { slack: { webhook: "https://hooks/hunter2" } }"#,
    );
    assert!(!format!("{:?}", parse(&text).unwrap()).contains("hunter2"));
    let config = loaded(&text).unwrap();
    assert_eq!(config.warnings.len(), 2);
    assert!(!format!("{config:?}{}", serde_json::to_string(&config).unwrap()).contains("hunter2"));
    assert!(config.environments.contains_key(&EnvironmentName::new("staging").unwrap()));
}
