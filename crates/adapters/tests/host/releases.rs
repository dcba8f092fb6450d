//! Release folders with a `current` link.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use backout_core::inventory::Seen;
use backout_core::port::{Platform, Preflight};

use crate::world::{NoBlobs, World, checkpoint, until};

#[tokio::test]
async fn what_runs_is_what_was_started_and_not_what_current_points_to() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    world.deploy("2");
    assert_eq!(world.code().await, "release:1");
    world.restart().await;
    assert_eq!(world.code().await, "release:2");
    world.end().await;
}

#[tokio::test]
async fn going_back_moves_the_link_and_starts_the_release() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.deploy("2");
    world.restart().await;
    let pid = world.pid().await;
    world.go_back(&good).await.unwrap();
    assert_eq!(world.code().await, "release:1");
    assert_ne!(world.pid().await, pid);
    assert_eq!(fs::read_link(world.root().join("current")).unwrap(), Path::new("releases/1"));
    world.go_back(&good).await.unwrap();
    assert_eq!(world.running().await.version(), Some(&good.version));
    world.end().await;
}

#[tokio::test]
async fn a_pruned_release_comes_back_from_its_kept_copy() {
    let world = World::releases(&["sleep", "60"]);
    let release = world.root().join("releases/1");
    fs::create_dir(release.join("lib")).unwrap();
    symlink("../../shared/log", release.join("log")).unwrap();
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.deploy("2");
    world.restart().await;
    fs::remove_dir_all(&release).unwrap();
    assert_eq!(world.platform.preflight(&good, &NoBlobs).await, Preflight::Present);
    world.go_back(&good).await.unwrap();
    assert_eq!(world.code().await, "release:1");
    assert_eq!(fs::read_to_string(release.join("app.txt")).unwrap(), "1");
    assert_eq!(fs::read_link(release.join("log")).unwrap(), Path::new("../../shared/log"));
    assert!(release.join("lib").is_dir());
    world.end().await;
}

#[tokio::test]
async fn a_release_that_is_gone_is_found_out_before_anything_stops() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.deploy("2");
    world.restart().await;
    let pid = world.pid().await;
    world.platform.release(&checkpoint("cp-1"), std::slice::from_ref(&good)).await.unwrap();
    fs::remove_dir_all(world.root().join("releases/1")).unwrap();
    assert!(matches!(world.platform.preflight(&good, &NoBlobs).await, Preflight::Gone { .. }));
    let error = world.go_back(&good).await.unwrap_err();
    assert!(error.what.contains("releases/1") && error.hint.is_some(), "{error:?}");
    assert_eq!((world.pid().await, world.code().await.as_str()), (pid, "release:2"));
    world.end().await;
}

#[tokio::test]
async fn a_link_left_by_a_kill_before_the_rename_does_no_harm() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.deploy("2");
    symlink("releases/1", world.root().join(".current.backout")).unwrap();
    assert_eq!(fs::read_link(world.root().join("current")).unwrap(), Path::new("releases/2"));
    world.go_back(&good).await.unwrap();
    assert_eq!(fs::read_link(world.root().join("current")).unwrap(), Path::new("releases/1"));
    assert!(!world.root().join(".current.backout").is_symlink());
    world.end().await;
}

#[tokio::test]
async fn current_is_never_missing_while_it_moves() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let artifacts = [world.capture("cp-1").await, {
        world.deploy("2");
        world.restart().await;
        world.capture("cp-2").await
    }];
    let link = world.root().join("current");
    let watching = std::thread::spawn(move || (0..20_000).all(|_| fs::metadata(link.join("app.txt")).is_ok()));
    for turn in 0..6 {
        world.go_back(&artifacts[turn % 2]).await.unwrap();
    }
    assert!(watching.join().unwrap());
    world.end().await;
}

#[tokio::test]
async fn an_absolute_link_stays_absolute() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let good = world.capture("cp-1").await;
    let current = world.root().join("current");
    fs::remove_file(&current).unwrap();
    symlink(world.root().join("releases/2"), &current).unwrap();
    world.go_back(&good).await.unwrap();
    assert_eq!(fs::read_link(&current).unwrap(), world.root().join("releases/1"));
    world.end().await;
}

#[tokio::test]
async fn a_current_that_is_a_folder_is_an_error_that_says_what_to_do() {
    let world = World::releases(&["sleep", "60"]);
    fs::remove_file(world.root().join("current")).unwrap();
    fs::create_dir(world.root().join("current")).unwrap();
    let error = world.platform.restart(&world.service, Some(0)).await.unwrap_err();
    assert!(error.what.contains("is not a link") && error.hint.is_some(), "{error:?}");
}

#[tokio::test]
async fn without_a_current_link_there_is_no_service() {
    let world = World::releases(&["sleep", "60"]);
    fs::remove_file(world.root().join("current")).unwrap();
    until(Duration::from_secs(1), async || world.fact().await.seen == Seen::Absent).await;
    let services = std::slice::from_ref(&world.service);
    let captured = world.platform.capture(services, &checkpoint("cp-1"), &NoBlobs).await.unwrap();
    assert_eq!((captured.artifacts.len(), captured.absent.len()), (0, 1));
}
