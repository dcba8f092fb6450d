//! What the records add up to, asked of a real journal.

use backout_core::id::EnvironmentName;
use backout_core::inventory::{Grade, last_known_good};
use backout_core::journal::{Body, RunResult};
use backout_core::port::{Lease, Store};
use backout_engine::store::{Lookup, RunSummary, SqliteStore};

use crate::world::{TTL, World, checkpoint_id, ended, graded, lease, run, staging, started, taken};

async fn write(store: &SqliteStore, lease: &Lease, owner: u32, bodies: Vec<Body>) {
    for body in bodies {
        store.append(lease, Some(&run(owner)), &body).await.unwrap();
    }
}

#[tokio::test]
async fn runs_tell_how_they_ended_and_which_are_open() {
    let world = World::new();
    let store = world.store();
    let lease = lease(&store).await;
    write(&store, &lease, 1, vec![started("anna")]).await;
    world.clock.advance(TTL / 2).await;
    write(&store, &lease, 1, vec![ended()]).await;
    write(&store, &lease, 2, vec![started("ben"), Body::DeployIntended]).await;

    let runs = store.runs(&staging()).await.unwrap();
    let lines: Vec<_> = runs.iter().map(|run| (run.id.clone(), run.actor.as_str(), run.ending.is_some())).collect();
    assert_eq!(lines, [(run(1), "anna", true), (run(2), "ben", false)]);
    let ending = runs[0].ending.as_ref().unwrap();
    assert_eq!((ending.result, ending.summary.as_str()), (RunResult::RolledBack, "back on version 1"));
    assert_eq!(ending.at, runs[0].started + TTL / 2);
    assert_eq!(store.open_runs(&staging()).await.unwrap(), runs[1..]);
    assert_eq!(store.runs(&EnvironmentName::new("other").unwrap()).await.unwrap(), []);
    assert_eq!(store.environments().await.unwrap(), [staging()]);
}

fn found(lookup: Lookup<RunSummary>) -> Vec<backout_core::id::RunId> {
    match lookup {
        Lookup::One(run) => vec![run.id],
        Lookup::NotFound => vec![],
        Lookup::Several(runs) => runs.into_iter().map(|run| run.id).collect(),
    }
}

#[tokio::test]
async fn run_is_found_by_the_beginning_of_its_name() {
    let world = World::new();
    let store = world.store();
    let lease = lease(&store).await;
    for n in [1, 2] {
        write(&store, &lease, n, vec![started("anna")]).await;
    }
    let full = run(2).to_string();
    let (short, bare) = (&full[..full.len() - 3], full.strip_prefix("run-").unwrap());
    for typed in [full.as_str(), short, bare] {
        assert_eq!(found(store.find_run(typed).await.unwrap()), [run(2)], "{typed}");
    }
    for typed in ["run-2023", "20231114", "r"] {
        assert_eq!(found(store.find_run(typed).await.unwrap()), [run(1), run(2)], "{typed}");
    }
    for typed in ["", "run-1999", "%", "un-", "2023"] {
        assert_eq!(store.find_run(typed).await.unwrap(), Lookup::NotFound, "{typed}");
    }
}

#[tokio::test]
async fn newest_grade_counts_and_released_checkpoints_are_no_targets() {
    let world = World::new();
    let store = world.store();
    let lease = lease(&store).await;
    let mut bodies: Vec<Body> = (1..=4).map(taken).collect();
    bodies.extend([graded(1, Grade::Good), graded(2, Grade::Good), graded(3, Grade::Good), graded(3, Grade::Bad)]);
    bodies.push(Body::CheckpointReleased { checkpoint: checkpoint_id(2) });
    bodies.push(graded(99, Grade::Good));
    write(&store, &lease, 1, bodies).await;

    let all = store.checkpoints(&staging()).await.unwrap();
    let lines: Vec<_> = all.iter().map(|c| (c.checkpoint.id.clone(), c.grade, c.is_retained)).collect();
    let expected =
        [(1, Grade::Good, true), (2, Grade::Good, false), (3, Grade::Bad, true), (4, Grade::Candidate, true)];
    assert_eq!(lines, expected.map(|(n, grade, is_retained)| (checkpoint_id(n), grade, is_retained)));
    assert_eq!(all[2].why, "it is bad");
    assert_eq!(last_known_good(&all).unwrap().checkpoint.id, checkpoint_id(1));
    assert_eq!(store.find_checkpoint(checkpoint_id(3).as_str()).await.unwrap(), Lookup::One(all[2].clone()));
    assert_eq!(store.find_checkpoint("cp-").await.unwrap(), Lookup::Several(all));
}
