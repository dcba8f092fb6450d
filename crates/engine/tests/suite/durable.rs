//! The same runs on the real journal and the real blob folder: what was killed goes on from what is on disk.

use std::path::Path;
use std::sync::Arc;

use backout_core::id::RunId;
use backout_core::journal::RunResult;
use backout_core::port::Store;
use backout_engine::blob::BlobFolder;
use backout_engine::state_dir::StateDir;
use backout_engine::store::SqliteStore;
use backout_engine::{World, begin, resume};
use backout_testkit::world::{Behaviour, Move};

use crate::scenario::{Scenario, TTL, guard, seconds, service};

const FILE: &str = "/srv/shop/app.toml";

/// A world whose journal and blobs are on disk, opened anew as by a process that has just started.
fn on_disk(scenario: &Scenario, world: World, root: &Path) -> (World, Arc<SqliteStore>) {
    let dir = StateDir::create(root).unwrap();
    let store = Arc::new(SqliteStore::open(&dir, Arc::clone(&scenario.clock)).unwrap());
    let blobs = Arc::new(BlobFolder::open(&dir).unwrap());
    (World { store: Arc::clone(&store) as Arc<dyn Store>, blobs, ..world }, store)
}

fn bad_deploy() -> Scenario {
    let script = vec![
        Move::Wait(seconds(1)),
        Move::Write(FILE, b"password = hunter2-planted"),
        Move::Deploy(service("app"), "app:v2"),
    ];
    let scenario = Scenario::of_app().configured("app", FILE, b"password = hunter2-old").deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(3)));
    scenario
}

/// Kills a guard so long after its start, and goes on with another process.
async fn killed_after(after: u64) -> (Scenario, tempfile::TempDir, RunResult) {
    let (scenario, root) = (bad_deploy(), tempfile::tempdir().unwrap());
    let environment = scenario.environment.name.clone();
    let run = RunId::new("run-1").unwrap();
    {
        let (world, store) = on_disk(&scenario, scenario.world(), root.path());
        let lease = store.acquire(&environment, "guard", TTL).await.unwrap();
        let killed = tokio::time::timeout(seconds(after), begin(&world, &lease, run.clone(), guard())).await;
        assert!(killed.is_err());
    }
    scenario.clock.sleep(TTL).await;
    let (world, store) = on_disk(&scenario, scenario.another_world(), root.path());
    let lease = store.acquire(&environment, "another process", TTL).await.unwrap();
    let result = resume(&world, &lease, run, "another process".to_owned(), 2).await.unwrap();
    assert!(store.verify_chain().await.unwrap().records > 10);
    (scenario, root, result)
}

#[tokio::test(start_paused = true)]
async fn killed_guard_goes_on_from_what_is_on_disk() {
    for after in [2, 4] {
        let (scenario, _root, result) = killed_after(after).await;
        assert_eq!((result, scenario.running()), (RunResult::RolledBack, vec!["app:v1".to_owned()]), "{after} s");
        assert_eq!(scenario.files.bytes(FILE), Some(b"password = hunter2-old".to_vec()), "{after} s");
        assert_eq!(scenario.deployer.starts(), 1, "{after} s");
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_nowhere_on_disk() {
    let (_scenario, root, _) = killed_after(4).await;
    let mut looked_at = 0;
    let mut folders = vec![root.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = std::fs::read(&path).unwrap();
            assert!(!content.windows(7).any(|window| window == b"hunter2"), "{}", path.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 3, "{looked_at}");
}
