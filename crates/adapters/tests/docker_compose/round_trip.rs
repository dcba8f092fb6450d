//! What was captured runs again, and is seen to.

use std::time::Duration;

use backout_adapters::probe::{ContainerExec as _, NotExecuted};
use backout_core::inventory::{Detail, Health, InstanceState, Seen};
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::Platform;
use backout_testkit::docker::{docker, free_port};
use tokio::time::Instant;

use crate::world::{World, eventually, get, service, world};

/// One service with a published port, whose file says everything that a test asks about.
fn app(world: &World, tag: &str, port: u16) -> String {
    format!(
        "services:\n  app:\n    image: {}\n    environment: {{GREETING: 'a$$b', TOKEN: planted-secret-4711}}\n    \
         ports: ['127.0.0.1:{port}:8080']\n    stop_grace_period: 2s\n    healthcheck:\n      \
         test: [CMD, /app, --healthcheck, 'http://127.0.0.1:8080/health']\n      interval: 200ms\n      start_period: 3s\n",
        world.project.image_name(tag)
    )
}

#[tokio::test]
async fn a_switch_back_is_observed_as_the_captured_version() {
    let Some(world) = world("a_switch_back_is_observed_as_the_captured_version", &["app"]) else { return };
    let port = free_port();
    let first = world.project.image("1", &[("APP_VERSION", "1")]);
    let _ = world.project.image("2", &[("APP_VERSION", "2"), ("APP_MODE", "crash-on-start")]);
    world.project.write("docker-compose.yml", &app(&world, "1", port));
    let _ = world.project.compose(&["up", "--detach"]);
    eventually("version 1 answers", async || get("127.0.0.1", port, "/version").is_some()).await;
    eventually("health", async || world.instance("app").await.health == Health::Healthy).await;

    let before = world.version("app").await;
    assert_eq!(before.code, first);
    let started = Instant::now();
    let artifact = world.captured("app").await;
    eprintln!("capture: {:?}", started.elapsed());
    assert_eq!(artifact.version, before);
    assert!(artifact.label.starts_with(&world.project.image_name("1")), "{}", artifact.label);
    assert!(!artifact.label.contains("otherwise"), "{}", artifact.label);
    let Detail::Compose(detail) = &artifact.detail else { panic!("{artifact:?}") };
    assert_eq!((detail.stop_grace_ms, detail.start_period_ms, detail.can_start_first), (2000, 3000, false));

    world.project.write("docker-compose.yml", &app(&world, "2", port).replace("a$$b", "other"));
    let _ = world.project.compose(&["up", "--detach"]);
    eventually("the crash", async || {
        matches!(world.instance("app").await.state, InstanceState::Exited { code: 1.., .. })
    })
    .await;
    assert_ne!(world.version("app").await, before);

    let started = Instant::now();
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    eprintln!("switch: {:?}", started.elapsed());
    assert_eq!(world.version("app").await, before);
    let is_back = async || get("127.0.0.1", port, "/version").is_some_and(|body| body.contains('1'));
    eventually("version 1 is back", is_back).await;
    assert_eq!(get("127.0.0.1", port, "/env/GREETING").as_deref().map(str::trim), Some("a$b"));
    eventually("health", async || world.running("app").await.is_well()).await;

    let file = std::fs::read_to_string(world.project.folder().join("docker-compose.yml")).unwrap();
    assert!(file.contains("other"), "the user's file is not edited");
    let again = world.captured("app").await;
    assert_eq!(again.version, before, "what was put back can be captured again");
}

#[tokio::test]
async fn a_service_that_is_already_there_keeps_its_container() {
    let Some(world) = world("a_service_that_is_already_there_keeps_its_container", &["app", "db"]) else { return };
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    let image = world.project.image_name("1");
    let file = format!("services:\n  app: {{image: '{image}', depends_on: [db]}}\n  db: {{image: '{image}'}}\n");
    world.project.write("docker-compose.yml", &file);
    let _ = world.project.compose(&["up", "--detach"]);
    let captured = world.capture(&["app", "db"]).await;
    let (app, db) = (world.project.containers("app"), world.project.containers("db"));

    world.project.write("docker-compose.yml", &file.replace("depends_on", "environment: {A: b}, depends_on"));
    let _ = world.project.compose(&["up", "--detach"]);
    assert_eq!(world.project.containers("db"), db);
    let artifact = captured.artifacts.iter().find(|artifact| artifact.service == service("app")).unwrap();
    world.switch(artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_ne!(world.project.containers("app"), app);
    assert_eq!(world.project.containers("db"), db, "the neighbour is not touched");

    let back = world.project.containers("app");
    let to = artifact.clone();
    let again = Switch {
        from: None,
        from_label: None,
        to,
        files: Vec::new(),
        order: SwitchOrder::StopFirst,
        grace_ms: 1000,
        only: None,
    };
    world.platform.switch(&again, &world.blobs).await.unwrap();
    assert_eq!(world.project.containers("app"), back, "a switch may be repeated");
    world.switch(artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_ne!(world.project.containers("app"), back, "a switch to what runs starts it anew");
}

#[tokio::test]
async fn replicas_come_back_also_after_everything_was_taken_down() {
    let Some(world) = world("replicas_come_back_also_after_everything_was_taken_down", &["app"]) else { return };
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    let image = world.project.image_name("1");
    let file = format!("services:\n  app: {{image: '{image}', deploy: {{replicas: 3}}}}\n");
    world.project.write("docker-compose.yml", &file);
    let _ = world.project.compose(&["up", "--detach"]);
    let artifact = world.captured("app").await;
    assert_eq!(artifact.replicas, 3);
    let _ = world.project.compose(&["down", "--timeout", "1"]);
    let facts = world.platform.observe(&[service("app")]).await;
    assert_eq!(facts[0].seen, Seen::Absent);
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    let running = world.running("app").await;
    assert_eq!((running.wanted, running.instances.len()), (3, 3));
    assert_eq!(running.version(), Some(&artifact.version));
    world.platform.stop(&service("app"), 1000).await.unwrap();
    assert!(world.project.containers("app").is_empty());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_the_state_is_told() {
    let Some(world) = world("a_port_that_is_taken_is_named_and_the_state_is_told", &["app"]) else { return };
    let port = free_port();
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    world.project.write("docker-compose.yml", &app(&world, "1", port));
    let _ = world.project.compose(&["up", "--detach"]);
    let artifact = world.captured("app").await;
    let _ = world.project.compose(&["down", "--timeout", "1"]);
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let error = world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap_err().to_string();
    assert!(error.contains(&port.to_string()) && error.contains("in use"), "{error}");
    assert!(error.contains("does not run"), "{error}");
    assert!(!error.contains("planted-secret-4711"), "{error}");
}

#[tokio::test]
async fn a_container_that_ignores_the_signal_gets_no_more_than_the_switch_allows() {
    let test = "a_container_that_ignores_the_signal_gets_no_more_than_the_switch_allows";
    let Some(world) = world(test, &["app"]) else { return };
    let port = free_port();
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    let _ = world.project.image("2", &[("APP_MODE", "ignore-term")]);
    world.project.write("docker-compose.yml", &app(&world, "1", port).replace("period: 2s", "period: 30s"));
    let _ = world.project.compose(&["up", "--detach"]);
    let artifact = world.captured("app").await;
    world.project.write("docker-compose.yml", &app(&world, "2", port).replace("period: 2s", "period: 30s"));
    let _ = world.project.compose(&["up", "--detach"]);
    let started = Instant::now();
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    assert_eq!(world.version("app").await, artifact.version);
}

#[tokio::test]
async fn a_command_runs_in_a_container() {
    let Some(world) = world("a_command_runs_in_a_container", &["app"]) else { return };
    let _ = world.project.image("1", &[]);
    let image = world.project.image_name("1");
    world.project.write("docker-compose.yml", &format!("services:\n  app: {{image: '{image}'}}\n"));
    let _ = world.project.compose(&["up", "--detach"]);
    let health = ["/app", "--healthcheck", "http://127.0.0.1:8080/health"].map(str::to_owned);
    let (app, limit) = (service("app"), Duration::from_secs(5));
    let answers = async || world.platform.exec(&app, &health, limit).await.is_ok_and(|output| output.exit_code == 0);
    eventually("the check holds", answers).await;
    let fails = ["/app", "--healthcheck", "http://127.0.0.1:1/"].map(str::to_owned);
    assert_ne!(world.platform.exec(&app, &fails, limit).await.unwrap().exit_code, 0);
    let missing = world.platform.exec(&app, &["/no/such/program".to_owned()], limit).await;
    assert!(matches!(missing, Err(NotExecuted::NotRun { .. })), "{missing:?}");
    let _ = world.project.compose(&["stop", "--timeout", "1"]);
    let stopped = world.platform.exec(&app, &health, limit).await;
    assert!(matches!(stopped, Err(NotExecuted::NotRun { .. })), "{stopped:?}");
}

#[tokio::test]
async fn evidence_has_the_log_the_state_and_the_events() {
    let Some(world) = world("evidence_has_the_log_the_state_and_the_events", &["app"]) else { return };
    let _ = world.project.image("1", &[("APP_MODE", "crash-on-start")]);
    let image = world.project.image_name("1");
    world.project.write("docker-compose.yml", &format!("services:\n  app: {{image: '{image}'}}\n"));
    let _ = world.project.compose(&["up", "--detach"]);
    eventually("the crash", async || matches!(world.instance("app").await.state, InstanceState::Exited { .. })).await;
    let evidence = world.platform.evidence(&service("app")).await;
    let content = |end: &str| {
        let found = evidence.iter().find(|evidence| evidence.name.ends_with(end)).unwrap();
        String::from_utf8_lossy(&found.content).into_owned()
    };
    assert!(!content("-app-1.log").is_empty());
    assert!(content("-app-1.inspect.json").contains("\"exited\""), "{}", content("inspect.json"));
    assert!(content(".events.jsonl").contains("\"die\""), "{}", content(".events.jsonl"));
}

#[tokio::test]
async fn fifty_services_are_observed_at_once() {
    let names: Vec<String> = (1..=50).map(|number| format!("s{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(world) = world("fifty_services_are_observed_at_once", &names) else { return };
    let _ = world.project.image("1", &[]);
    let image = world.project.image_name("1");
    // Made and not started: what is looked at is the same, and the machine has other things to do.
    for name in &names {
        let label = |key: &str, value: &str| format!("--label=com.docker.compose.{key}={value}");
        let labels = [label("project", world.project.name()), label("service", name), label("oneoff", "False")];
        let _ = docker(&["create", &labels[0], &labels[1], &labels[2], &image]);
    }
    let services: Vec<_> = names.iter().map(|name| service(name)).collect();
    let _ = world.platform.observe(&services).await;
    let started = Instant::now();
    let facts = world.platform.observe(&services).await;
    eprintln!("observe 50: {:?}", started.elapsed());
    assert!(facts.iter().all(|fact| matches!(fact.seen, Seen::Present(_))));
}
