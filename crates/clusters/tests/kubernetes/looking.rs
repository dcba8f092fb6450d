//! What a look costs, and what it says when there is nothing to see.

use std::sync::{Arc, Mutex};

use backout_core::inventory::Seen;
use backout_core::port::{Platform as _, PlatformEvent, Preflight};

use crate::programs::Program;
use crate::world::World;

#[tokio::test]
async fn looks_cost_no_requests_and_a_way_back_costs_a_handful() {
    let world = World::new().await;
    let Some(double) = world.double("looks_cost_no_requests_and_a_way_back_costs_a_handful") else { return };
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deploy(Program::Missing).await;
    world.in_trouble("ImagePull").await;
    double.forget_requests();
    for _ in 0..50 {
        world.look().await;
    }
    assert_eq!(double.requests(), []);
    let switch = world.switch_to(&artifact).await;
    world.platform.switch(&switch, &world.blobs).await.unwrap();
    let asked: Vec<String> =
        double.requests().iter().map(|request| format!("{} {}", request.verb, request.path)).collect();
    // The autoscalers, unless they were told within the last second; the workload, and the one write.
    let asked: Vec<&String> = asked.iter().filter(|asked| !asked.contains("autoscalers")).collect();
    assert_eq!(asked.len(), 2, "{asked:#?}");
}

#[tokio::test]
async fn looking_into_many_at_once_asks_for_the_autoscalers_once() {
    let world = World::new().await;
    let Some(double) = world.double("looking_into_many_at_once_asks_for_the_autoscalers_once") else { return };
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deploy(Program::Newer).await;
    double.forget_requests();
    let looks = (0..20).map(|_| world.platform.preflight(&artifact, &world.blobs));
    let found = futures_util::future::join_all(looks).await;
    assert_eq!(found, vec![Preflight::Present; 20]);
    let asked = double.requests().iter().filter(|request| request.path.contains("autoscalers")).count();
    assert!(asked <= 1, "{asked}");
}

#[tokio::test]
async fn what_is_not_there_is_absent_and_what_cannot_be_seen_is_unknown() {
    let world = World::new().await;
    assert_eq!(world.look().await.seen, Seen::Absent);
    assert_eq!(world.captured().await.unwrap().absent, [crate::world::web()]);
    let name = "what_is_not_there_is_absent_and_what_cannot_be_seen_is_unknown";
    let Some(double) = world.double(name) else { return };
    let other = World::new().await;
    let blind = other.double(name).unwrap();
    blind.deny("list", "pods", "");
    let Seen::Unknown { why } = other.look().await.seen else { panic!() };
    assert!(why.contains("forbidden"), "{why}");
    drop(double.requests());
}

#[tokio::test]
async fn every_change_is_told_of_as_it_happens() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    let told: Arc<Mutex<Vec<PlatformEvent>>> = Arc::default();
    let into = Arc::clone(&told);
    let events = world.platform.events(Box::new(move |event| into.lock().unwrap().push(event)));
    let deploying = async {
        // The first look of the events is the one that later ones differ from.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        world.deploy(Program::Missing).await;
        world.in_trouble("ImagePull").await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    };
    tokio::select! {
        () = events => panic!("events never end"),
        () = deploying => {}
    }
    let told = told.lock().unwrap().clone();
    assert!(told.len() > 1 && told.iter().all(|event| matches!(event, PlatformEvent::Moved { .. })), "{told:#?}");
    world.end().await;
}
