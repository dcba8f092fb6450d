//! Formats: what a newer version has written is read, and never written to.

use backout_core::journal::{FORMAT, chain};
use backout_core::port::{Store, StoreError};
use backout_engine::store::{SqliteStore, Which};

use crate::world::{World, armed, hash_of, lease, run, staging};

/// What a later version might have written: a kind and a format that this one has never heard of, after two records.
fn append_from_the_future(world: &World) {
    let raw = world.raw();
    let format = (FORMAT + 1).to_string();
    let owner = run(1);
    let columns = ["3", &format, "2031-01-01T00:00:00Z", "staging", owner.as_str(), "teleported", r#"{"to":1}"#];
    let hash = chain(Some(&hash_of(&raw, 2)), &columns);
    let sql = "INSERT INTO record (seq, format, at, environment, run, kind, body, hash)
               VALUES (CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), ?3, ?4, ?5, ?6, ?7, ?8)";
    raw.execute(sql, rusqlite::params_from_iter(columns.into_iter().chain([hash.as_str()]))).unwrap();
    raw.pragma_update(None, "user_version", FORMAT + 1).unwrap();
}

fn is_too_new(error: &StoreError) -> bool {
    matches!(error, StoreError::TooNew { found, known } if *found == FORMAT + 1 && *known == FORMAT)
}

#[tokio::test]
async fn newer_format_is_never_written_to() {
    let world = World::filled(2).await;
    let opened_before = world.store();
    let lease = lease(&opened_before).await;
    append_from_the_future(&world);
    let refused = SqliteStore::open(&world.dir, world.clock()).unwrap_err();
    assert!(is_too_new(&refused), "{refused}");
    let refused = opened_before.append(&lease, None, &armed(9)).await.unwrap_err();
    assert!(is_too_new(&refused), "{refused}");
    assert_eq!(world.reader().verify_chain().await.unwrap().records, 3);
}

#[tokio::test]
async fn newer_records_are_listed_and_proven_but_not_replayed() {
    let world = World::filled(2).await;
    append_from_the_future(&world);
    let reader = world.reader();
    assert_eq!(reader.verify_chain().await.unwrap().records, 3);
    let raw = reader.raw_records(Which::Environment(staging())).await.unwrap();
    assert_eq!(raw.iter().map(|raw| raw.kind.as_str()).collect::<Vec<_>>(), ["armed", "armed", "teleported"]);
    assert_eq!(raw[2].body, r#"{"to":1}"#);
    assert_eq!(reader.raw_records(Which::Run(run(1))).await.unwrap(), raw);
    assert_eq!(reader.raw_records(Which::All).await.unwrap(), raw);
    assert_eq!(reader.records(&staging(), &["armed"]).await.unwrap().len(), 2);
    let refused = reader.run(&run(1)).await.unwrap_err();
    assert!(is_too_new(&refused), "a run that is not understood must not be replayed: {refused}");
}
