//! Files that were edited before the capture: what runs is what comes back.

use backout_core::plan::SwitchOrder;
use backout_core::port::Platform;
use backout_testkit::docker::{docker, free_port};
use serde_json::{Value, json};

use crate::world::{World, eventually, get, service, world};

/// A service with about everything that can be said of one.
fn file(world: &World, port: u16) -> String {
    format!(
        r#"services:
  app:
    image: {}
    command: ["--version", "${{VERSION}}"]
    environment: {{TOKEN: "${{TOKEN}}", PLAIN: "a$$b", APP_CONFIG: /conf/app.txt}}
    env_file: [app.env]
    ports: ["127.0.0.1:{port}:8080"]
    volumes: ["./conf:/conf:ro", "data:/data", "/tmp/anonymous"]
    tmpfs: ["/scratch:size=1m"]
    networks: {{default: {{aliases: [web]}}, other: null}}
    user: "0"
    working_dir: /data
    restart: on-failure:3
    cap_drop: [NET_RAW]
    extra_hosts: ["db.test:10.9.9.9"]
    mem_limit: 64m
    cpus: 0.5
    ulimits: {{nofile: {{soft: 512, hard: 1024}}}}
    labels: {{team: "shop"}}
    stop_signal: SIGINT
    stop_grace_period: 3s
    init: true
    read_only: true
    sysctls: {{net.core.somaxconn: 512}}
    healthcheck:
      test: [CMD, /app, --healthcheck, "http://127.0.0.1:8080/health"]
      interval: 1s500ms
      retries: 4
      start_period: 2s
volumes: {{data: {{}}}}
networks: {{other: {{}}}}
"#,
        world.project.image_name("1")
    )
}

/// What must be the same again, of everything that the engine says of a container.
fn essence(world: &World) -> Value {
    let containers = world.project.containers("app");
    assert_eq!(containers.len(), 1);
    let mut inspected: Value = serde_json::from_str(&docker(&["inspect", &containers[0]])).unwrap();
    let mut config = inspected[0]["Config"].take();
    config["Hostname"].take();
    config["Image"].take();
    let labels = config["Labels"].as_object_mut().unwrap();
    labels.retain(|name, _| !name.starts_with("com.docker.compose.") && !name.starts_with("dev.backout."));
    let mut host = inspected[0]["HostConfig"].take();
    // A volume without a name is asked for the first time, and handed on after that; what counts is what is mounted.
    host["Mounts"].take();
    let mut mounts = inspected[0]["Mounts"].take();
    for list in [&mut config["Env"], &mut mounts, &mut host["Binds"]] {
        list.as_array_mut().unwrap_or(&mut Vec::new()).sort_by_key(ToString::to_string);
    }
    let networks = inspected[0]["NetworkSettings"]["Networks"].take();
    let names: Vec<&String> = networks.as_object().unwrap().keys().collect();
    let has_alias = networks.to_string().contains("\"web\"");
    json!({ "config": config, "host": host, "mounts": mounts, "networks": names, "alias": has_alias })
}

fn prepare(world: &World, port: u16) {
    let _ = world.project.image("1", &[("APP_VERSION", "0")]);
    std::fs::create_dir_all(world.project.folder().join("conf")).unwrap();
    world.project.write("conf/app.txt", "x");
    world.project.write(".env", "TOKEN='pa$$planted-4711'\nVERSION=one\n");
    world.project.write("app.env", "FROM_FILE=x-one\n");
    world.project.write("docker-compose.yml", &file(world, port));
    let _ = world.project.compose(&["up", "--detach"]);
}

#[tokio::test]
async fn an_unedited_project_comes_back_as_it_was() {
    let Some(world) = world("an_unedited_project_comes_back_as_it_was", &["app"]) else { return };
    prepare(&world, free_port());
    let ran = essence(&world);
    let artifact = world.captured("app").await;
    assert!(!artifact.label.contains("otherwise"), "{}", artifact.label);
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_same(&essence(&world), &ran);
}

#[tokio::test]
async fn edited_files_do_not_change_what_comes_back() {
    let Some(world) = world("edited_files_do_not_change_what_comes_back", &["app"]) else { return };
    let port = free_port();
    prepare(&world, port);
    let ran = essence(&world);
    let version = world.version("app").await;

    world.project.write(".env", "TOKEN='rotated'\nVERSION=two\n");
    world.project.write("app.env", "FROM_FILE=x-two\nNEW=1\n");
    let edited = file(&world, port).replace("mem_limit: 64m", "mem_limit: 32m").replace("user: \"0\"", "user: \"7\"");
    world.project.write("docker-compose.yml", &edited);
    let artifact = world.captured("app").await;
    assert_eq!(artifact.version, version);
    assert!(artifact.label.contains("otherwise"), "{}", artifact.label);

    let _ = world.project.compose(&["up", "--detach", "--timeout", "1"]);
    assert_ne!(world.version("app").await, version);
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_eq!(world.version("app").await, version);
    assert_same(&essence(&world), &ran);
    let is_back = async || get("127.0.0.1", port, "/version").is_some_and(|body| body.contains("one"));
    eventually("version one answers", is_back).await;
    assert_eq!(get("127.0.0.1", port, "/env/TOKEN").as_deref().map(str::trim), Some("pa$$planted-4711"));
}

#[tokio::test]
async fn files_that_cannot_be_read_do_not_stand_in_the_way() {
    let Some(world) = world("files_that_cannot_be_read_do_not_stand_in_the_way", &["app"]) else { return };
    prepare(&world, free_port());
    let mut ran = essence(&world);
    world.project.write("docker-compose.yml", "services: [this is not a project\n");
    world.project.write(".env", "'''\n");
    let artifact = world.captured("app").await;
    world.platform.stop(&service("app"), 500).await.unwrap();
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_eq!(world.version("app").await, artifact.version);
    let mut runs = essence(&world);
    // The volume without a name was handed on by no container.
    let mounts = [&mut ran, &mut runs].map(|essence| essence["mounts"].take());
    assert_same(&runs, &ran);
    let left_over =
        mounts[0].as_array().unwrap().iter().find(|mount| mount["Destination"] == "/tmp/anonymous").unwrap();
    let _ = docker(&["volume", "rm", left_over["Name"].as_str().unwrap()]);
}

#[tokio::test]
async fn containers_of_compose_version_1_are_captured_and_come_back() {
    let Some(world) = world("containers_of_compose_version_1_are_captured_and_come_back", &["app"]) else { return };
    let first = world.project.image("1", &[("APP_VERSION", "1")]);
    let image = world.project.image_name("1");
    world.project.write("docker-compose.yml", &format!("version: '3'\nservices:\n  app: {{image: '{image}'}}\n"));
    let label = |key: &str, value: &str| format!("--label=com.docker.compose.{key}={value}");
    let name = format!("{}_app_1", world.project.name());
    let labels = [
        label("project", world.project.name()),
        label("service", "app"),
        label("oneoff", "False"),
        label("config-hash", "d4f5"),
        label("version", "1.29.2"),
        label("container-number", "1"),
    ];
    let mut arguments = vec!["run", "--detach", "--name", &name, "--env", "OLD=yes"];
    arguments.extend(labels.iter().map(String::as_str));
    arguments.push(&image);
    let _ = docker(&arguments);

    let running = world.running("app").await;
    assert_eq!(running.instances[0].name, name);
    let artifact = world.captured("app").await;
    assert_eq!((artifact.version.code.as_str(), artifact.version.spec.as_str()), (first.as_str(), "d4f5"));
    let _ = docker(&["rm", "--force", &name]);
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_eq!(world.version("app").await, artifact.version);
    let environment = essence(&world)["config"]["Env"].to_string();
    assert!(environment.contains("OLD=yes"), "{environment}");
}

/// Compares line by line, so that a failure shows what differs.
#[track_caller]
fn assert_same(left: &Value, right: &Value) {
    let [left, right] = [left, right].map(|value| serde_json::to_string_pretty(value).unwrap());
    let differing: Vec<(&str, &str)> = left.lines().zip(right.lines()).filter(|(left, right)| left != right).collect();
    assert!(differing.is_empty() && left.lines().count() == right.lines().count(), "{differing:#?}\n{left}\n{right}");
}
