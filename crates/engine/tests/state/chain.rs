//! The chain: what is appended is there for ever, and every change of it is found.

use std::fs;

use backout_core::journal::{Body, chain};
use backout_core::port::{Store, StoreError};
use backout_engine::store::ChainReport;
use proptest::prelude::*;

use crate::world::{World, armed, ended, hash_of, lease, mode, run, staging, started, unusable};

async fn broken(world: &World) -> (i64, String) {
    match world.store().verify_chain().await.unwrap_err() {
        StoreError::Broken { seq, why } => (seq, why),
        other => panic!("{other:?}"),
    }
}

async fn report(world: &World) -> ChainReport {
    world.store().verify_chain().await.unwrap()
}

#[tokio::test]
async fn records_are_there_after_reopening() {
    let world = World::new();
    let store = world.store();
    let lease = lease(&store).await;
    let mut written = Vec::new();
    for body in [started("anna"), armed(7), ended()] {
        written.push(store.append(&lease, Some(&run(1)), &body).await.unwrap());
    }
    drop(store);
    let store = world.store();
    assert_eq!(store.run(&run(1)).await.unwrap(), written);
    assert_eq!(store.records(&staging(), &[]).await.unwrap(), written);
    assert_eq!(store.records(&staging(), &["armed"]).await.unwrap(), written[1..2]);
    assert_eq!(written.iter().map(|record| record.seq).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn journal_logs_ahead_and_is_private() {
    let world = World::filled(1).await;
    let journal: String = world.raw().pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
    assert_eq!([mode(&world.dir.journal()), mode(&world.dir.journal_head())], [0o600; 2]);
}

#[tokio::test]
async fn unbroken_chain_is_reported_with_its_head() {
    let world = World::filled(5).await;
    let report = report(&world).await;
    let last = world.store().run(&run(1)).await.unwrap().pop().unwrap();
    assert_eq!((report.records, report.remembered), (5, Some(5)));
    assert_eq!(report.head.map(|head| (head.seq, head.hash)), Some((5, last.hash)));
}

#[tokio::test]
async fn empty_journal_verifies() {
    assert_eq!(report(&World::new()).await, ChainReport { records: 0, head: None, remembered: None });
}

#[tokio::test]
async fn history_refuses_to_be_edited() {
    let world = World::filled(3).await;
    let raw = world.raw();
    let columns = "format, at, environment, run, kind, body, hash";
    for sql in [
        "UPDATE record SET body = '{}' WHERE seq = 2".to_owned(),
        "DELETE FROM record WHERE seq = 3".to_owned(),
        format!("INSERT OR REPLACE INTO record SELECT 2, {columns} FROM record WHERE seq = 3"),
        format!("INSERT INTO record SELECT 9, {columns} FROM record WHERE seq = 3"),
    ] {
        let error = raw.execute_batch(&sql).unwrap_err().to_string();
        assert!(error.contains("appended, never edited"), "{sql}: {error}");
    }
    assert_eq!(report(&world).await.records, 3);
}

#[tokio::test]
async fn edit_of_any_column_is_found_at_its_record() {
    for column in ["format", "at", "environment", "run", "kind", "body", "hash"] {
        let world = World::filled(4).await;
        let value = if column == "format" { "0" } else { "'x'" };
        world.tamper().execute_batch(&format!("UPDATE record SET {column} = {value} WHERE seq = 3")).unwrap();
        let (seq, why) = broken(&world).await;
        assert_eq!(seq, 3, "{column}: {why}");
        assert!(why.contains("was changed"), "{column}: {why}");
    }
}

#[tokio::test]
async fn edit_with_its_own_hash_made_anew_is_found_at_the_next_record() {
    let world = World::filled(4).await;
    let raw = world.tamper();
    let columns: [String; 5] = raw
        .query_row("SELECT format, at, environment, run, kind FROM record WHERE seq = 3", [], |row| {
            let format: i64 = row.get(0)?;
            Ok([format.to_string(), row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])
        })
        .unwrap();
    let [format, at, environment, owner, kind] = columns.each_ref().map(String::as_str);
    let body = r#"{"kind":"armed","pid":666}"#;
    let hash = chain(Some(&hash_of(&raw, 2)), &["3", format, at, environment, owner, kind, body]);
    raw.execute("UPDATE record SET body = ?1, hash = ?2 WHERE seq = 3", [body, hash.as_str()]).unwrap();
    assert_eq!(broken(&world).await.0, 4);
}

#[tokio::test]
async fn record_removed_from_the_middle_is_found_at_the_one_after_it() {
    let world = World::filled(4).await;
    world.tamper().execute_batch("DELETE FROM record WHERE seq = 2").unwrap();
    let (seq, why) = broken(&world).await;
    assert_eq!((seq, why.as_str()), (3, "record 2 is missing"));
}

#[tokio::test]
async fn records_that_changed_places_are_found() {
    let world = World::filled(4).await;
    let sql = "UPDATE record SET seq = -2 WHERE seq = 2; UPDATE record SET seq = 2 WHERE seq = 3;
               UPDATE record SET seq = 3 WHERE seq = -2;";
    world.tamper().execute_batch(sql).unwrap();
    assert_eq!(broken(&world).await.0, 2);
}

#[tokio::test]
async fn missing_tail_is_found() {
    for kept in [3, 0] {
        let world = World::filled(4).await;
        world.tamper().execute_batch(&format!("DELETE FROM record WHERE seq > {kept}")).unwrap();
        let (seq, why) = broken(&world).await;
        assert_eq!(seq, kept + 1);
        assert!(why.contains("remembers records up to 4"), "{why}");
    }
}

#[tokio::test]
async fn missing_tail_is_still_found_after_more_was_appended() {
    for (more, first_wrong) in [(1, 4), (2, 4), (3, 4)] {
        let world = World::filled(4).await;
        world.tamper().execute_batch("DELETE FROM record WHERE seq > 2").unwrap();
        let store = world.store();
        let lease = lease(&store).await;
        for n in 0..more {
            store.append(&lease, None, &armed(100 + n)).await.unwrap();
        }
        let (seq, why) = broken(&world).await;
        assert_eq!(seq, first_wrong, "after {more} more: {why}");
    }
}

#[tokio::test]
async fn head_that_lags_behind_is_true_and_catches_up() {
    let world = World::filled(2).await;
    let lagging = fs::read(world.dir.journal_head()).unwrap();
    let store = world.store();
    let lease = lease(&store).await;
    store.append(&lease, None, &armed(3)).await.unwrap();
    fs::write(world.dir.journal_head(), lagging).unwrap();
    assert_eq!(report(&world).await.remembered, Some(2));
    store.append(&lease, None, &armed(4)).await.unwrap();
    assert_eq!(report(&world).await.remembered, Some(4));
}

#[tokio::test]
async fn head_that_is_gone_or_unreadable_is_said() {
    let world = World::filled(2).await;
    fs::remove_file(world.dir.journal_head()).unwrap();
    assert_eq!(report(&world).await.remembered, None);
    fs::write(world.dir.journal_head(), "nonsense").unwrap();
    let (what, _) = unusable(world.store().verify_chain().await);
    assert!(what.contains("journal.head"), "{what}");
}

#[tokio::test]
async fn body_that_cannot_be_read_names_its_record() {
    let world = World::filled(2).await;
    world.tamper().execute_batch("UPDATE record SET body = '{' WHERE seq = 2").unwrap();
    let error = world.store().run(&run(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Broken { seq: 2, .. }), "{error}");
}

#[tokio::test]
async fn nothing_is_appended_to_a_record_whose_hash_is_none() {
    let world = World::filled(2).await;
    world.tamper().execute_batch("UPDATE record SET hash = 'x' WHERE seq = 2").unwrap();
    let store = world.store();
    let lease = lease(&store).await;
    let error = store.append(&lease, None, &armed(3)).await.unwrap_err();
    assert!(matches!(error, StoreError::Broken { seq: 2, .. }), "{error}");
}

fn any_body() -> impl Strategy<Value = Body> {
    prop_oneof![
        any::<u32>().prop_map(armed),
        (any::<u32>(), any::<u64>()).prop_map(|(pid, started_ticks)| Body::DeploySpawned { pid, started_ticks }),
        ".*".prop_map(|actor| started(&actor)),
        ".*".prop_map(|by| Body::AbortRequested { by }),
        Just(Body::DeployIntended),
        Just(ended()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_records_reads_back_equal_and_verifies(
        entries in proptest::collection::vec((any_body(), proptest::option::of(1_u32..4)), 0..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(reads_back_equal(entries))?;
    }
}

async fn reads_back_equal(entries: Vec<(Body, Option<u32>)>) -> Result<(), TestCaseError> {
    let world = World::new();
    let store = world.store();
    let lease = lease(&store).await;
    let mut written = Vec::new();
    for (body, owner) in &entries {
        let record = store.append(&lease, owner.map(run).as_ref(), body).await.unwrap();
        prop_assert_eq!(&record.body, body);
        written.push(record);
    }
    drop(store);
    let store = world.store();
    prop_assert_eq!(&store.records(&staging(), &[]).await.unwrap(), &written);
    for owner in 1..4 {
        let expected: Vec<_> = written.iter().filter(|record| record.run == Some(run(owner))).cloned().collect();
        prop_assert_eq!(store.run(&run(owner)).await.unwrap(), expected);
    }
    let report = store.verify_chain().await.unwrap();
    prop_assert_eq!(report.records as usize, written.len());
    prop_assert_eq!(report.head.map(|head| head.hash), written.last().map(|record| record.hash.clone()));
    Ok(())
}
