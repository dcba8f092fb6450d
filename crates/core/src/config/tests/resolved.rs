//! What files resolve to.

use std::time::Duration;

use super::{SAMPLE, loaded, problems, staging};
use crate::config::{
    BackupStore, Condition, Config, Environment, Flush, GitMode, HostManage, HostSource, ProbeKind, Recovery,
    SecretsPolicy, ServicePlatform, TriggerAction, WorkloadKind, load, parse,
};
use crate::data::{Framework, Level};
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

fn database(body: &str) -> crate::config::Database {
    let text = staging(&format!(
        "services: {{ app: , worker: }}\ndatabases:\n  main: {{ postgres: {{ url: \"env:A\" }}, {body} }}"
    ));
    only(loaded(&text).unwrap()).databases.into_values().next().unwrap()
}

#[test]
fn a_database_of_the_least_has_the_stated_defaults() {
    let database = database("backup: { store: \"file:x\" }");
    assert_eq!((database.keep_aside, database.automatic), (Duration::from_secs(7 * 86_400), false));
    assert_eq!(database.used_by, [service("app"), service("worker")]);
    assert!(database.migrations.is_none() && database.recovery.is_none());
    let backup = database.backup.unwrap();
    assert!(backup.before_deploy && !backup.before_rollback && !backup.slot && backup.encrypt.is_none());
    assert_eq!((backup.keep, backup.jobs, backup.require, backup.fresh), (7, 1, Level::V1, None));
}

#[test]
fn a_database_is_used_by_the_application_tier_unless_it_is_said() {
    let of = |used_by: &str| {
        let text = format!(
            "services: {{ db: {{ tier: infrastructure }}, app: {{ tier: application }}, log: }}\ndatabases: {{ main: {{ postgres: {{ url: \"env:A\" }} {used_by} }} }}"
        );
        only(loaded(&staging(&text)).unwrap()).databases.into_values().next().unwrap().used_by
    };
    assert_eq!(of(""), [service("app")]);
    assert_eq!(of(", used_by: [log, app, log]"), [service("log"), service("app")]);
}

#[test]
fn a_backup_that_this_machine_cannot_decrypt_is_verified_as_far_as_it_can_be() {
    let require =
        |age: &str| database(&format!("backup: {{ store: \"file:x\", encrypt: {{ {age} }} }}")).backup.unwrap().require;
    assert_eq!(require("age: { recipients: [age1x] }"), Level::V0);
    assert_eq!(require("age: { recipients: [age1x], identity: \"file:k\" }"), Level::V1);
    assert_eq!(require("openssl: { passphrase: \"env:P\" }"), Level::V1);
}

#[test]
fn every_migration_tool_is_known_by_its_name() {
    for framework in Framework::ALL {
        let tool =
            format!("migrations: {{ {framework}: {{ in: worker, folder: f, compatible: {{ \"0001\": true }} }} }}");
        let migrations = database(&tool).migrations.unwrap();
        assert_eq!((migrations.framework, migrations.service), (framework, Some(service("worker"))));
        assert_eq!((migrations.folder.as_deref(), migrations.compatible["0001"]), (Some("f"), true));
        let alone = staging(&format!(
            "services: {{ app: }}\ndatabases: {{ main: {{ postgres: {{ url: \"env:A\" }}, migrations: {{ {framework}: {{ folder: f }} }} }} }}"
        ));
        assert_eq!(loaded(&alone).is_ok(), crate::migrate::runs_sql(framework), "{framework}");
    }
}

#[test]
fn an_s3_store_is_its_address_and_what_amazon_would_not_guess() {
    let s3 = "s3: { endpoint: \"http://127.0.0.1:9000\", access_key_id: \"env:I\", secret_access_key: \"env:K\" }";
    let of = |settings: &str| match database(&format!("backup: {{ store: \"s3://shop/a/b\", {settings} }}"))
        .backup
        .unwrap()
        .store
    {
        BackupStore::S3(store) => store,
        BackupStore::Folder(folder) => panic!("{folder}"),
    };
    let store = of(s3);
    assert_eq!((store.bucket.as_str(), store.prefix.as_str(), store.region.as_str()), ("shop", "a/b/", "us-east-1"));
    assert_eq!(store.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert!(store.access_key_id.is_some() && store.secret_access_key.is_some());
    assert_eq!(of("").endpoint, None);
}

#[test]
fn a_database_that_is_recovered_names_one_way() {
    let archive = database("recovery: { archive: { base: /a, log: /b } }").recovery;
    assert_eq!(archive, Some(Recovery::Archive { base: "/a".to_owned(), log: "/b".to_owned() }));
    let driver = database("recovery: { pgbackrest: { stanza: main } }").recovery;
    assert_eq!(driver, Some(Recovery::PgBackRest { stanza: "main".to_owned(), config: None }));
}

#[test]
fn a_cache_is_emptied_of_what_is_written_and_of_nothing_else() {
    let text = staging(
        "services: { app: }\ncaches: { a: { redis: \"env:R\" }, b: { redis: \"env:R\", flush: { pattern: \"x*\" } }, c: { redis: \"env:R\", flush: database }, d: { redis: \"env:R\", flush: everything } }",
    );
    let flush: Vec<Flush> = only(loaded(&text).unwrap()).caches.into_values().map(|cache| cache.flush).collect();
    assert_eq!(flush, [Flush::Nothing, Flush::Pattern("x*".to_owned()), Flush::Database, Flush::Everything]);
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
notify: { slack: { webhook: "https://hooks/hunter2" } }
caches: { c: { redis: "redis://:hunter2@r/0" } }
databases:
  main:
    postgres: { url: "env:A", admin: "postgres://u:hunter2@db/x", pgbouncer: { admin: "host=b password=hunter2" } }
    backup: { store: "s3://shop", s3: { access_key_id: hunter2, secret_access_key: hunter2 }, encrypt: { openssl: { passphrase: hunter2 } } }"#,
    );
    assert!(!format!("{:?}", parse(&text).unwrap()).contains("hunter2"));
    let config = loaded(&text).unwrap();
    assert_eq!(config.warnings.len(), 7);
    assert!(!format!("{config:?}{}", serde_json::to_string(&config).unwrap()).contains("hunter2"));
    assert!(config.environments.contains_key(&EnvironmentName::new("staging").unwrap()));
}

#[test]
fn a_service_on_a_cluster_is_named_after_itself_unless_it_says_otherwise() {
    let text = staging(
        r#"services:
  web: { platform: { kubernetes: { namespace: shop, as: deployer, as_groups: [a, b] } } }
  agent: { platform: { kubernetes: { context: other } }, daemonset: node-agent, secrets: restore }
  api: { platform: { helm: { namespace: shop } }, release: api.v2 }
  catalog: { platform: { argocd: {} }, revert: { branch: main, publish: [gh, pr, create] } }"#,
    );
    let services = only(loaded(&text).unwrap()).services;
    let of = |name: &str| services[&service(name)].platform.clone();
    let ServicePlatform::Kubernetes(web) = of("web") else { panic!() };
    assert_eq!((web.kind, web.name.as_str(), web.secrets), (WorkloadKind::Deployment, "web", SecretsPolicy::Keep));
    assert_eq!(web.cluster.impersonate.as_deref(), Some("deployer"));
    assert_eq!(web.cluster.impersonate_groups, ["a", "b"]);
    let ServicePlatform::Kubernetes(agent) = of("agent") else { panic!() };
    assert_eq!((agent.kind, agent.secrets), (WorkloadKind::DaemonSet, SecretsPolicy::Restore));
    let ServicePlatform::Helm(api) = of("api") else { panic!() };
    assert_eq!((api.release.as_str(), api.program.as_str()), ("api.v2", "helm"));
    let ServicePlatform::Argocd(catalog) = of("catalog") else { panic!() };
    assert_eq!(catalog.cluster.namespace.as_deref(), Some("argocd"));
    assert_eq!(catalog.revert.unwrap().publish.unwrap()[0], "gh");
    assert!(services.values().all(|service| service.probes.len() == 1), "each has the probe `container`");
}

#[test]
fn a_service_on_a_cluster_is_one_thing_with_a_name_that_clusters_have() {
    let two = staging("services:\n  web: { platform: { kubernetes: }, deployment: a, statefulset: b }\n");
    assert!(loaded(&two).is_err());
    let shouting = staging("services:\n  web: { platform: { helm: }, release: Web }\n");
    assert!(loaded(&shouting).is_err());
}

#[test]
fn programs_are_run_in_the_pods_of_a_workload_that_is_named() {
    let text = |key: &str| {
        staging(&format!(
            "services:\n  api: {{ platform: {{ helm: }}, {key} }}\n  catalog: {{ platform: {{ argocd: }}, {key} }}\n"
        ))
    };
    let services = only(loaded(&text("exec_in: statefulset/queue-2")).unwrap()).services;
    let ServicePlatform::Helm(api) = &services[&service("api")].platform else { panic!() };
    let ServicePlatform::Argocd(catalog) = &services[&service("catalog")].platform else { panic!() };
    for named in [&api.exec_in, &catalog.exec_in] {
        assert_eq!(named.as_ref().unwrap().to_string(), "statefulset/queue-2");
    }
    for wrong in ["exec_in: backend", "exec_in: job/backend", "exec_in: deployment/", "exec_in: deployment/Web"] {
        assert!(loaded(&text(wrong)).is_err(), "{wrong}");
    }
    assert!(loaded(&staging("services:\n  web: { platform: { kubernetes: }, exec_in: deployment/web }\n")).is_err());
}

#[test]
fn a_service_of_a_cluster_says_which_services_lead_to_it() {
    let of = |platform: &str, key: &str| {
        let text = staging(&format!("services:\n  web: {{ platform: {{ {platform}: }}, {key} }}\n"));
        loaded(&text).map(|config| only(config).services.into_values().next().unwrap().reached_by)
    };
    for platform in ["kubernetes", "helm", "argocd"] {
        assert_eq!(of(platform, "reached_by: front").unwrap(), ["front"]);
        assert_eq!(of(platform, "reached_by: [front, admin]").unwrap(), ["front", "admin"]);
    }
    assert!(of("kubernetes", "reached_by: Front_1").is_err());
    assert!(of("compose", "reached_by: front").is_err());
}

#[test]
fn checklists_of_ones_own_come_beside_the_known_ones() {
    let own = "incidents: { checklists: { before: { vendor: The vendor knows, team: All know }, after: { x: y } } }";
    let services = "services: { app: {} }\n";
    let items = |own: &str| only(loaded(&staging(&format!("{services}{own}"))).unwrap()).incidents.checklists.0;
    let both = items(own);
    let text = |id: &str| both.iter().find(|item| item.id == id).map(|item| item.text.as_str());
    assert_eq!((text("vendor"), text("team"), text("x")), (Some("The vendor knows"), Some("All know"), Some("y")));
    assert!(text("backups").is_some());
    assert_eq!(items(&own.replace("before:", "defaults: false, before:")).len(), 3);
    assert_eq!(problems(&staging(&format!("{services}{}", own.replace("vendor", "ven/dor")))).len(), 1);
}
