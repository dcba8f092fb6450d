//! Looks at a database through the eyes of an application.

use backout_core::data::{DatabaseSeen, ObjectName};

use super::{Ground, NASTY, told};
use crate::look::look;

#[tokio::test]
async fn an_application_sees_schema_size_and_integrity_of_its_database() {
    let ground = Ground::new(&[]).await;
    let session = ground.database("shop", NASTY).await;
    session.batch_execute("CREATE ROLE app LOGIN; GRANT SELECT ON t, tgt TO app").await.unwrap();
    let queries = [
        ("a holds", "SELECT count(*) >= 0 FROM tgt"),
        ("b does not hold", "SELECT false, 'extra'"),
        ("c no truth", "SELECT 1"),
        ("d null", "SELECT NULL::boolean"),
        ("e two rows", "SELECT true UNION ALL SELECT true"),
        ("f writes", "DELETE FROM about_events RETURNING true"),
        ("g two statements", "SELECT true; DROP TABLE tgt"),
        ("h no table", "SELECT true FROM nowhere"),
        ("i still holds", "SELECT true"),
    ];
    let fact = look(&ground.target("app", "shop", &queries)).await;
    let state = fact.state().unwrap();
    assert_eq!(state.dbname, "shop");
    assert!(state.oid > 0 && state.bytes > 1_000_000 && state.server_version > 130_000);
    assert!(state.schema.table(&ObjectName::new("Odd Schema", "it's \"odd\"")).is_some());
    assert!(state.schema.tables.iter().all(|table| table.name.schema != "_backout_1"));
    assert_eq!(state.integrity.len(), queries.len());
    let told = told(&state.integrity);
    let expected = [
        "b does not hold, unhealthy: it does not hold",
        "c no truth, unmeasurable: it answered a int4; wanted is true or false",
        "d null, unmeasurable: it answered null; wanted is true or false",
        "e two rows, unmeasurable: it answered 2 rows; wanted is one",
        "f writes, unmeasurable: it could not be asked: cannot execute DELETE in a read-only transaction [25006]",
        "g two statements, unmeasurable: it could not be asked: cannot insert multiple commands into a prepared \
         statement [42601]",
        "h no table, unmeasurable: it could not be asked: relation \"nowhere\" does not exist [42P01]",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_cannot_be_reached_is_unknown_and_says_why() {
    let ground = Ground::new(&[]).await;
    let fact = look(&ground.target("postgres", "nowhere", &[])).await;
    let DatabaseSeen::Unknown { why } = fact.seen else { panic!("{fact:?}") };
    assert!(why.contains("could not connect to `nowhere`") && why.contains("does not exist"), "{why}");
}
