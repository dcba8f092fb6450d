//! The new container before the old one ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use backout_core::inventory::Detail;
use backout_core::plan::SwitchOrder;
use backout_testkit::docker::docker;
use tokio::time::Instant;

use crate::world::{World, get, world};

fn deploy(world: &World, tag: &str, extra: &str) {
    let image = world.project.image_name(tag);
    world.project.write("docker-compose.yml", &format!("services:\n  app: {{image: '{image}'{extra}}}\n"));
    let _ = world.project.compose(&["up", "--detach", "--timeout", "1"]);
}

/// The addresses of a service's containers on the project's network: what its name would lead to.
fn addresses(world: &World) -> Vec<String> {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let mut arguments = vec!["ps", "--quiet", "--filter"];
    let filter = format!("label=com.docker.compose.project={}", world.project.name());
    arguments.push(&filter);
    let containers = docker(&arguments);
    let address = |id: &str| docker(&["inspect", "--format", format, id]).trim().to_owned();
    containers.lines().map(address).collect()
}

#[tokio::test]
async fn a_service_without_a_published_port_answers_all_the_time() {
    let Some(world) = world("a_service_without_a_published_port_answers_all_the_time", &["app"]) else { return };
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    let _ = world.project.image("2", &[("APP_VERSION", "2")]);
    deploy(&world, "1", "");
    let artifact = world.captured("app").await;
    let Detail::Compose(detail) = &artifact.detail else { panic!("{artifact:?}") };
    assert!(detail.can_start_first);
    deploy(&world, "2", "");
    let old = addresses(&world);

    let is_over = Arc::new(AtomicBool::new(false));
    let gaps = Arc::new(AtomicU32::new(0));
    let asking = std::thread::spawn({
        let (is_over, gaps, network) = (is_over.clone(), gaps.clone(), old[0].clone());
        move || {
            // The new container gets the next address of the network.
            let (prefix, last) = network.rsplit_once('.').unwrap();
            let next = format!("{prefix}.{}", last.parse::<u8>().unwrap() + 1);
            let mut asked = 0;
            while !is_over.load(Ordering::Relaxed) {
                let answers = [&network, &next].iter().any(|address| get(address, 8080, "/version").is_some());
                gaps.fetch_add(u32::from(!answers), Ordering::Relaxed);
                asked += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
            asked
        }
    });
    let started = Instant::now();
    let switched = world.switch(&artifact, SwitchOrder::StartFirst).await;
    eprintln!("switch, start first: {:?}", started.elapsed());
    is_over.store(true, Ordering::Relaxed);
    let asked = asking.join().unwrap();
    switched.unwrap();
    assert_eq!(world.version("app").await, artifact.version);
    assert_eq!(world.project.containers("app").len(), 1, "the old one is gone");
    assert!(asked > 50, "{asked}");
    assert_eq!(gaps.load(Ordering::Relaxed), 0, "of {asked}");
}

#[tokio::test]
async fn a_new_container_that_ends_is_removed_and_the_old_one_stays() {
    let Some(world) = world("a_new_container_that_ends_is_removed_and_the_old_one_stays", &["app"]) else { return };
    let _ = world.project.image("1", &[("APP_MODE", "crash-on-start")]);
    let _ = world.project.image("2", &[("APP_VERSION", "2")]);
    deploy(&world, "1", "");
    let artifact = world.captured("app").await;
    deploy(&world, "2", "");
    let old = world.project.containers("app");
    let error = world.switch(&artifact, SwitchOrder::StartFirst).await.unwrap_err().to_string();
    assert!(error.contains("still running"), "{error}");
    assert_eq!(world.project.containers("app"), old);
}

#[tokio::test]
async fn replicas_are_replaced_and_counted() {
    let Some(world) = world("replicas_are_replaced_and_counted", &["app"]) else { return };
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    let _ = world.project.image("2", &[("APP_VERSION", "2")]);
    deploy(&world, "1", ", deploy: {replicas: 2}");
    let artifact = world.captured("app").await;
    deploy(&world, "2", ", deploy: {replicas: 3}");
    world.switch(&artifact, SwitchOrder::StartFirst).await.unwrap();
    let running = world.running("app").await;
    assert_eq!((running.instances.len(), running.version()), (2, Some(&artifact.version)));
}
