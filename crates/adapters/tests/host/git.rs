//! Git work trees.

use std::fs;

use backout_adapters::host::GitRepository;
use backout_core::config::{GitMode, HostManage};
use backout_core::inventory::Source;
use backout_core::plan::runs;
use backout_core::port::{Platform, Preflight, Repository};

use crate::world::{NoBlobs, World, checkpoint, put, supervised, words};

fn app(world: &World) -> String {
    fs::read_to_string(world.root().join("app.txt")).unwrap()
}

fn sleeping(mode: GitMode) -> World {
    World::git(mode, None, supervised(&["sleep", "60"]))
}

#[tokio::test]
async fn a_checkout_goes_back_to_the_good_commit() {
    let world = sleeping(GitMode::Checkout);
    world.restart().await;
    let good = world.capture("cp-1").await;
    let first = world.run_git(&["rev-parse", "HEAD"]);
    world.commit("two");
    assert_eq!(world.running().await.version(), Some(&good.version), "it was not started since");
    assert!(!runs(&good, &world.running().await), "the next start would run the second commit");
    world.go_back(&good).await.unwrap();
    assert!(runs(&good, &world.running().await));
    world.run_git(&["switch", "--quiet", "main"]);
    world.restart().await;
    assert_ne!(world.running().await.version(), Some(&good.version));
    world.go_back(&good).await.unwrap();
    assert_eq!(world.running().await.version(), Some(&good.version));
    assert_eq!((app(&world).as_str(), world.run_git(&["rev-parse", "HEAD"])), ("one", first));
    let label = world.running().await.label;
    assert!(label.ends_with("(detached; `git switch main` leads back)"), "{label}");
    world.end().await;
}

#[tokio::test]
async fn a_revert_arrives_at_the_good_tree_with_commits_that_can_be_pushed() {
    let world = sleeping(GitMode::Revert);
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.run_git(&["clone", "--quiet", "--bare", ".", "../upstream.git"]);
    world.commit("two");
    world.run_git(&["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    put(&world.root().join("side.txt"), "side");
    world.run_git(&["add", "--all"]);
    world.run_git(&["commit", "--quiet", "--message", "side"]);
    world.run_git(&["checkout", "--quiet", "main"]);
    world.run_git(&["merge", "--quiet", "--no-ff", "--message", "a merge", "side"]);
    let last = world.commit("three");
    world.restart().await;
    world.go_back(&good).await.unwrap();
    assert_eq!(world.running().await.version(), Some(&good.version));
    assert_eq!(app(&world), "one");
    assert!(!world.root().join("side.txt").exists());
    assert_eq!(world.run_git(&["symbolic-ref", "--short", "HEAD"]), "main");
    let subjects = world.run_git(&["log", "--first-parent", "--format=%s", "-3"]);
    assert_eq!(subjects, "Revert \"two\"\nRevert \"a merge\"\nRevert \"three\"");
    assert_eq!(world.run_git(&["rev-parse", "HEAD~3"]), last);
    world.run_git(&["push", "--quiet", "../upstream.git", "main"]);
    world.go_back(&good).await.unwrap();
    assert_eq!(world.run_git(&["rev-parse", "HEAD~3"]), last, "a second time adds nothing");
    world.end().await;
}

#[tokio::test]
async fn a_revert_needs_no_author_to_be_set_up() {
    let world = sleeping(GitMode::Revert);
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.commit("two");
    world.run_git(&["config", "--unset", "user.name"]);
    world.run_git(&["config", "--unset", "user.email"]);
    world.run_git(&["config", "user.useConfigOnly", "true"]);
    world.go_back(&good).await.unwrap();
    assert_eq!(world.run_git(&["log", "-1", "--format=%an"]), "backout");
    world.end().await;
}

#[tokio::test]
async fn uncommitted_changes_are_never_lost() {
    for mode in [GitMode::Checkout, GitMode::Revert] {
        let world = sleeping(mode);
        world.restart().await;
        let good = world.capture("cp-1").await;
        let second = world.commit("two");
        world.restart().await;
        put(&world.root().join("app.txt"), "a hot fix");
        let pid = world.pid().await;
        assert!(matches!(world.platform.preflight(&good, &NoBlobs).await, Preflight::Unknown { .. }));
        let error = world.go_back(&good).await.unwrap_err();
        assert!(error.what.contains("`app.txt`") && error.hint.unwrap().contains("stash"), "{}", error.what);
        assert_eq!((app(&world).as_str(), world.run_git(&["rev-parse", "HEAD"])), ("a hot fix", second));
        assert_eq!(world.pid().await, pid);
        world.end().await;
    }
}

#[tokio::test]
async fn a_tree_with_uncommitted_changes_is_another_version_that_git_cannot_bring_back() {
    let world = sleeping(GitMode::Checkout);
    put(&world.root().join("app.txt"), "a hot fix");
    world.restart().await;
    let dirty = world.capture("cp-1").await;
    assert!(!dirty.version.spec.is_empty() && dirty.label.ends_with("+ uncommitted changes"), "{dirty:?}");
    assert_eq!(world.platform.preflight(&dirty, &NoBlobs).await, Preflight::Present);
    world.run_git(&["checkout", "--quiet", "--", "app.txt"]);
    assert!(matches!(world.platform.preflight(&dirty, &NoBlobs).await, Preflight::Gone { .. }));
    world.end().await;
}

#[tokio::test]
async fn a_pinned_commit_outlives_a_forced_push_and_garbage_collection() {
    let world = sleeping(GitMode::Checkout);
    let bad_base = world.run_git(&["rev-parse", "HEAD"]);
    world.commit("two");
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.run_git(&["reset", "--quiet", "--hard", &bad_base]);
    world.commit("three");
    let collect = || {
        world.run_git(&["reflog", "expire", "--expire=now", "--all"]);
        world.run_git(&["gc", "--quiet", "--prune=now"]);
    };
    collect();
    assert_eq!(world.platform.preflight(&good, &NoBlobs).await, Preflight::Present);
    world.platform.release(&checkpoint("cp-1"), std::slice::from_ref(&good)).await.unwrap();
    collect();
    assert!(matches!(world.platform.preflight(&good, &NoBlobs).await, Preflight::Gone { .. }));
    world.platform.release(&checkpoint("cp-1"), std::slice::from_ref(&good)).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn the_build_runs_on_the_good_tree_before_the_restart() {
    let world =
        World::git(GitMode::Checkout, Some(&["sh", "-c", "cat app.txt >> ../built"]), supervised(&["sleep", "60"]));
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.commit("two");
    world.go_back(&good).await.unwrap();
    assert_eq!(fs::read_to_string(world.path("built")).unwrap(), "one");
    world.end().await;
}

#[tokio::test]
async fn a_failed_build_leaves_what_runs_running() {
    let world = World::git(
        GitMode::Checkout,
        Some(&["sh", "-c", "echo no compiler >&2; exit 2"]),
        supervised(&["sleep", "60"]),
    );
    world.restart().await;
    let good = world.capture("cp-1").await;
    world.commit("two");
    world.restart().await;
    let (pid, version) = (world.pid().await, world.running().await.version().cloned());
    let error = world.go_back(&good).await.unwrap_err();
    assert!(error.what.contains("no compiler"), "{error:?}");
    assert_eq!((world.pid().await, world.running().await.version().cloned()), (pid, version));
    world.end().await;
}

#[tokio::test]
async fn what_a_process_runs_is_what_was_checked_out_when_it_started() {
    let status = words(&["sh", "-c", "cat \"$HOME/pid\""]);
    let manage = HostManage::Command { restart: words(&["true"]), status: Some(status) };
    let world = World::git(GitMode::Checkout, None, manage);
    let mut pids = Vec::new();
    let mut start = || {
        pids.push(crate::world::spawn("sleep", &["60"]));
        put(&world.path("pid"), &pids.last().unwrap().id().to_string());
    };
    let pause = || tokio::time::sleep(std::time::Duration::from_millis(1200));
    start();
    let first = world.code().await;
    pause().await;
    world.commit("two");
    pause().await;
    assert_eq!(world.code().await, first, "it was started before the second commit");
    start();
    assert_ne!(world.code().await, first);
    for mut process in pids {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[tokio::test]
async fn going_on_after_a_kill_between_the_commits_and_the_move_adds_them_once() {
    let world = sleeping(GitMode::Revert);
    world.restart().await;
    let good = world.capture("cp-1").await;
    let second = world.commit("two");
    // What a kill there leaves: a commit that nothing points to.
    world.run_git(&["commit-tree", "-p", &second, "-m", "half-way", &good.version.code]);
    world.go_back(&good).await.unwrap();
    assert_eq!(world.run_git(&["rev-list", "--count", "HEAD"]), "3");
    world.end().await;
}

#[tokio::test]
async fn words_of_git_stand_for_a_commit_and_those_that_it_was_built_from() {
    let world = sleeping(GitMode::Checkout);
    let first = world.run_git(&["rev-parse", "HEAD"]);
    world.run_git(&["tag", "v1"]);
    let second = world.commit("two");
    let below = world.root().join("deploy/staging");
    put(&below.join("backout.yaml"), "version: 1");
    let environment = [("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())].into();
    let repository = GitRepository::of(&below, &environment);
    let commits = async |words: &str| {
        let found = repository.ancestry(words).await.unwrap();
        found.map(|found| found.commits.into_iter().map(|(commit, _)| commit).collect::<Vec<_>>())
    };
    assert_eq!(commits("HEAD").await, Some(vec![second.clone(), first.clone()]));
    for words in ["v1", "HEAD~1", "HEAD^", &first[..7], "main~1"] {
        assert_eq!(commits(words).await, Some(vec![first.clone()]), "{words}");
    }
    for words in ["v9", "HEAD~2", "", "-x", "--all", "HEAD:app.txt", "HEAD --output=/tmp/x"] {
        assert_eq!(commits(words).await, None, "{words}");
    }
    let found = repository.ancestry("v1").await.unwrap().unwrap();
    let tree = world.run_git(&["rev-parse", "v1^{tree}"]);
    assert_eq!((found.head, &found.commits[0].1), (second, &tree));
}

#[tokio::test]
async fn what_is_checked_out_is_told_with_its_changes_and_gets_a_tag_once() {
    let world = sleeping(GitMode::Checkout);
    let environment = [("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())].into();
    let repository = GitRepository::of(&world.root(), &environment);
    let commit = world.run_git(&["rev-parse", "HEAD"]);
    let source = |is_dirty| Some(Source { commit: commit.clone(), is_dirty });
    put(&world.root().join("unknown.txt"), "git does not know it");
    assert_eq!(repository.source().await.unwrap(), source(false));
    put(&world.root().join("app.txt"), "changed");
    assert_eq!(repository.source().await.unwrap(), source(true));

    world.run_git(&["config", "tag.gpgSign", "true"]);
    for _ in 0..2 {
        assert_eq!(repository.tag("pre-deploy-1").await.unwrap(), commit);
    }
    assert_eq!(world.run_git(&["rev-parse", "refs/tags/pre-deploy-1"]), commit);
    world.commit("two");
    let taken = repository.tag("pre-deploy-1").await.unwrap_err();
    assert!(taken.what.contains("is on") && taken.what.contains("already"), "{}", taken.what);

    let nowhere = GitRepository::of(&world.path("state"), &environment);
    assert_eq!(nowhere.source().await.unwrap(), None);
    assert!(nowhere.tag("x").await.is_err());
    assert_eq!(nowhere.ancestry("HEAD").await.unwrap(), None);
}
