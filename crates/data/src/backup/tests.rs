//! What happens between a snapshot and its locks, against a real server.

use jiff::Timestamp;

use super::held::Held;
use crate::server::{OwnServer, ServerOptions, Tools};

/// A server with two tables, the snapshot of one moment, and a session that changes things after it.
async fn changed_by(statement: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    let environment = std::env::vars_os().collect();
    let server = OwnServer::create(&Tools::find(None).unwrap(), &environment, ServerOptions::default()).await.unwrap();
    let address = server.address("postgres");
    let session = address.connect().await.unwrap();
    let tables = "CREATE TABLE a AS SELECT generate_series(1, 10) i; CREATE TABLE \"b \"\"c\" (i int)";
    session.batch_execute(tables).await.unwrap();
    let held = Held::opened(&address, Timestamp::UNIX_EPOCH, None).await.unwrap();
    session.batch_execute(statement).await.unwrap();
    held.lock(&session).await.unwrap()
}

#[tokio::test]
async fn a_table_that_is_emptied_between_snapshot_and_lock_is_seen() {
    assert!(changed_by("TRUNCATE a").await.is_some_and(|what| what.contains("`a`")));
}

#[tokio::test]
async fn a_table_that_is_rewritten_renamed_or_dropped_meanwhile_is_seen() {
    for statement in
        ["ALTER TABLE a ALTER i TYPE bigint", "VACUUM FULL a", "ALTER TABLE a RENAME TO d", "DROP TABLE \"b \"\"c\""]
    {
        assert!(changed_by(statement).await.is_some(), "{statement}");
    }
}

#[tokio::test]
async fn rows_that_come_and_columns_that_are_added_meanwhile_are_no_matter() {
    for statement in ["INSERT INTO a VALUES (11)", "DELETE FROM a", "ALTER TABLE a ADD COLUMN j int DEFAULT 7"] {
        assert_eq!(changed_by(statement).await, None, "{statement}");
    }
}
