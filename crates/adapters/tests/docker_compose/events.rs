//! The event stream.

use std::time::Duration;

use backout_core::port::{Platform, PlatformEvent};
use backout_testkit::docker::docker;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::world::{service, world};

#[tokio::test]
async fn a_crash_is_seen_in_less_than_300_milliseconds() {
    let Some(world) = world("a_crash_is_seen_in_less_than_300_milliseconds", &["app"]) else { return };
    let _ = world.project.image("1", &[]);
    let image = world.project.image_name("1");
    let both = format!("services:\n  app: {{image: '{image}'}}\n  other: {{image: '{image}'}}\n");
    world.project.write("docker-compose.yml", &both);
    let _ = world.project.compose(&["up", "--detach"]);
    let (app, other) = (world.project.containers("app"), world.project.containers("other"));
    let (send, mut receive) = mpsc::unbounded_channel();
    let sink = Box::new(move |event| send.send((Instant::now(), event)).unwrap());
    let watch = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let killed = tokio::task::spawn_blocking(move || {
            let _ = docker(&["kill", &other[0]]);
            let started = Instant::now();
            let _ = docker(&["kill", &app[0]]);
            started
        });
        let started = killed.await.unwrap();
        loop {
            let (at, event) = receive.recv().await.unwrap();
            let PlatformEvent::Moved { service: moved, what, .. } = event else { continue };
            assert_eq!(moved, service("app"), "others' services are not ours");
            if what.contains("died with exit code 137") {
                return at.saturating_duration_since(started);
            }
        }
    };
    let seen_after = tokio::select! {
        () = world.platform.events(sink) => panic!("the stream ended"),
        seen_after = tokio::time::timeout(Duration::from_secs(10), watch) => seen_after.unwrap(),
    };
    eprintln!("crash seen after: {seen_after:?}, with the time that `docker kill` took to start");
    assert!(seen_after < Duration::from_millis(300), "{seen_after:?}");
}
