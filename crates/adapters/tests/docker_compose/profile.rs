//! Services of a profile that are started for maintenance mode, and what ran before.

use backout_adapters::maintenance::ComposeBarrier;
use backout_core::journal::Former;
use backout_core::port::{Barrier as _, Platform as _};

use crate::world::{options, service, world};

#[tokio::test]
async fn a_profile_is_started_and_what_ran_before_is_left_alone() {
    let Some(world) = world("a_profile_is_started_and_what_ran_before_is_left_alone", &["app"]) else { return };
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    let image = world.project.image_name("1");
    let described =
        |name: &str, more: &str| format!("  {name}:\n    image: {image}\n    stop_grace_period: 1s\n{more}");
    let profile = "    profiles: [maintenance]\n";
    let file = [described("app", ""), described("page", profile), described("banner", profile)].concat();
    world.project.write("docker-compose.yml", &format!("services:\n{file}"));
    let _ = world.project.compose(&["--profile", "maintenance", "up", "--detach", "app", "banner"]);
    let app = world.project.containers("app");

    let barrier = ComposeBarrier::new(&options(&world.project, &["app"]), "maintenance", Vec::new());
    let former = barrier.look(&world.blobs).await.unwrap();
    assert_eq!(former, Former::Services { running: vec!["banner".to_owned()] });
    for _ in 0..2 {
        barrier.raise(&former, &world.blobs).await.unwrap();
        assert_eq!(world.project.containers("page").len(), 1);
    }
    for _ in 0..2 {
        barrier.lower(&former, &world.blobs).await.unwrap();
        assert_eq!(world.project.containers("page"), Vec::<String>::new());
    }
    assert_eq!(world.project.containers("banner").len(), 1, "it ran before");
    assert_eq!(world.project.containers("app"), app, "it is none of the profile");
}

#[tokio::test]
async fn compose_says_what_it_would_start_before_it_does() {
    let Some(world) = world("compose_says_what_it_would_start_before_it_does", &["app"]) else { return };
    let file = |tag: &str| {
        format!("services:\n  app:\n    image: {}\n    stop_grace_period: 1s\n", world.project.image_name(tag))
    };
    for tag in ["1", "2"] {
        let _ = world.project.image(tag, &[("APP_VERSION", tag)]);
    }
    world.project.write("docker-compose.yml", &file("1"));
    let _ = world.project.compose(&["up", "--detach"]);
    world.project.write("docker-compose.yml", &file("2"));
    let command = ["docker", "compose", "up", "-d"].map(str::to_owned);
    let says = world.platform.would_start(&command).await;
    let _ = world.project.compose(&["up", "--detach"]);
    assert_eq!(says.get(&service("app")), Some(&world.version("app").await));
    let script = ["sh", "deploy.sh"].map(str::to_owned);
    assert!(world.platform.would_start(&script).await.is_empty());
}
