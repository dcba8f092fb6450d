//! Images that somebody takes away.

use backout_core::inventory::Detail;
use backout_core::plan::SwitchOrder;
use backout_core::port::{Platform, Preflight};
use backout_testkit::docker::{docker, registry};

use crate::world::{World, world};

fn one_service(world: &World, image: &str) {
    world.project.write("docker-compose.yml", &format!("services:\n  app: {{image: '{image}'}}\n"));
    let _ = world.project.compose(&["up", "--detach", "--timeout", "1"]);
}

#[tokio::test]
async fn a_moved_tag_a_removed_tag_and_a_prune_do_not_take_the_target() {
    let Some(world) = world("a_moved_tag_a_removed_tag_and_a_prune_do_not_take_the_target", &["app"]) else { return };
    let first = world.project.image("latest", &[("APP_VERSION", "1")]);
    one_service(&world, &world.project.image_name("latest"));
    let artifact = world.captured("app").await;

    let second = world.project.image("latest", &[("APP_VERSION", "2")]);
    assert_ne!(first, second);
    let _ = world.project.compose(&["up", "--detach", "--timeout", "1"]);
    assert_eq!(world.version("app").await.code, second);
    let _ = docker(&["tag", &second, &world.project.image_name("other")]);
    let _ = docker(&["rmi", &world.project.image_name("latest")]);
    world.project.prune();
    world.project.prune();

    assert_eq!(world.preflight(&artifact).await, Preflight::Present);
    world.switch(&artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_eq!(world.version("app").await, artifact.version);
    assert_eq!(world.version("app").await.code, first);
}

#[tokio::test]
async fn a_released_checkpoint_holds_nothing_any_more() {
    let Some(world) = world("a_released_checkpoint_holds_nothing_any_more", &["app"]) else { return };
    let first = world.project.image("1", &[("APP_VERSION", "1")]);
    let _ = world.project.image("2", &[("APP_VERSION", "2")]);
    one_service(&world, &world.project.image_name("1"));
    let artifacts = [world.captured("app").await];
    one_service(&world, &world.project.image_name("2"));
    let _ = docker(&["rmi", &world.project.image_name("1")]);
    assert_eq!(world.preflight(&artifacts[0]).await, Preflight::Present);
    world.platform.release(&world.checkpoint, &artifacts).await.unwrap();
    world.platform.release(&world.checkpoint, &artifacts).await.unwrap();
    let Preflight::Gone { why } = world.preflight(&artifacts[0]).await else { panic!("{first} is still there") };
    assert!(why.contains(&first) && why.contains("registry"), "{why}");
}

#[tokio::test]
async fn releasing_a_checkpoint_leaves_what_runs() {
    let Some(world) = world("releasing_a_checkpoint_leaves_what_runs", &["app"]) else { return };
    let _ = world.project.image("1", &[("APP_VERSION", "1")]);
    one_service(&world, &world.project.image_name("1"));
    let artifacts = [world.captured("app").await];
    let container = world.instance("app").await;
    let _ = docker(&["rmi", &world.project.image_name("1")]);
    world.platform.release(&world.checkpoint, &artifacts).await.unwrap();
    assert_eq!(world.instance("app").await.id, container.id);
    assert_eq!(world.preflight(&artifacts[0]).await, Preflight::Present);
}

#[tokio::test]
async fn an_image_that_is_gone_here_is_fetched_by_digest() {
    let test = "an_image_that_is_gone_here_is_fetched_by_digest";
    let Some(registry) = registry(test) else { return };
    let Some(world) = world(test, &["app"]) else { return };
    let first = world.project.image("1", &[("APP_VERSION", "1")]);
    let _ = world.project.image("2", &[("APP_VERSION", "2")]);
    let remote = format!("{registry}/{}:1", world.project.name());
    let _ = docker(&["tag", &world.project.image_name("1"), &remote]);
    let _ = docker(&["push", "--quiet", &remote]);
    one_service(&world, &remote);
    let artifacts = [world.captured("app").await];
    let artifact = &artifacts[0];
    let Detail::Compose(detail) = &artifact.detail else { panic!("{artifact:?}") };
    assert_eq!(detail.repo_digests.len(), 1, "{detail:?}");
    one_service(&world, &world.project.image_name("2"));
    world.platform.release(&world.checkpoint, &artifacts).await.unwrap();
    let _ = docker(&["rmi", "--force", &first]);

    let Preflight::Fetched { from } = world.preflight(artifact).await else { panic!("not fetched") };
    assert!(from.starts_with(&registry), "{from}");
    world.project.prune();
    assert_eq!(world.preflight(artifact).await, Preflight::Present, "what was fetched is pinned");
    world.switch(artifact, SwitchOrder::StopFirst).await.unwrap();
    assert_eq!(world.version("app").await.code, first);
}
