//! Deletes all over a table, for every kind of key: every one is listed, and nothing that has come back under its key.

use backout_core::data::{LostRow, Method, Operation};

use super::ground::Ground;

/// What is written to a table of 200 000 rows whose columns are `n`, `note` and `far`: one row in 2 003 is deleted, one in
/// 3 001 is changed, and rows are deleted and inserted again, as they were and otherwise.
const WRITES: &str = "DELETE FROM t WHERE n % 2003 = 7; UPDATE t SET note = 'changed' WHERE n % 3001 = 5; \
    CREATE TABLE kept AS SELECT * FROM t WHERE n IN (1000, 1001, 150000); DELETE FROM t WHERE n IN (1000, 1001, 150000); \
    UPDATE kept SET note = 'again' WHERE n = 1001; INSERT INTO t SELECT * FROM kept; DROP TABLE kept; \
    INSERT INTO t SELECT n, 'new', n::bigint << 40 FROM generate_series(200001, 200300) n";

/// How many rows that inserts, changes (one of them by inserting it again) and deletes.
const TOUCHED: [u64; 3] = [300, 67 + 1, 100];

async fn found(key: &str, method: Method) {
    let ground = Ground::new(&format!(
        "CREATE TABLE t (n int NOT NULL, note text, far bigint NOT NULL); \
         INSERT INTO t SELECT n, 'old', (n - 100000)::bigint << 40 FROM generate_series(1, 200000) n; {key}"
    ))
    .await;
    let (_, point) = ground.back_up().await;
    ground.run("shop", WRITES).await;
    ground.go_back().await;
    let (report, rows) = ground.report(&point).await;
    let [inserted, updated, deleted] = TOUCHED;
    let table = &report.tables[0];
    // Without a key a changed row is one that is gone and one that is new.
    let expected = if key.is_empty() { [inserted + updated, 0, deleted + updated] } else { TOUCHED };
    assert_eq!([table.inserted, table.updated, table.deleted], expected, "{key}: {report:?}");
    assert_eq!(table.method, method, "{key}");
    let values = |row: &LostRow| row.was.clone().or_else(|| row.row.clone()).unwrap_or_default();
    let gone = rows.iter().filter(|row| row.op == Operation::Deleted);
    let mut gone: Vec<u32> = gone.map(|row| values(row)["n"].as_deref().unwrap().parse().unwrap()).collect();
    gone.retain(|n| n % 3001 != 5 && *n != 1001);
    gone.sort_unstable();
    assert_eq!(gone, (0..).map(|nth| 7 + 2003 * nth).take_while(|n| *n <= 200_000).collect::<Vec<u32>>(), "{key}");
}

#[tokio::test]
async fn deletes_all_over_a_table_are_found_by_a_whole_number() {
    found("ALTER TABLE t ADD PRIMARY KEY (n)", Method::RowVersions).await;
}

#[tokio::test]
async fn deletes_all_over_a_table_are_found_by_numbers_far_apart() {
    found("ALTER TABLE t ADD PRIMARY KEY (far)", Method::RowVersions).await;
}

#[tokio::test]
async fn deletes_all_over_a_table_are_found_by_a_text() {
    let key = "ALTER TABLE t ADD id text; UPDATE t SET id = md5(n::text); ALTER TABLE t ADD PRIMARY KEY (id), \
               ALTER id SET DEFAULT gen_random_uuid()::text";
    found(key, Method::RowVersions).await;
}

#[tokio::test]
async fn deletes_all_over_a_table_are_found_by_two_columns() {
    found("ALTER TABLE t ADD PRIMARY KEY (far, n)", Method::RowVersions).await;
}

#[tokio::test]
async fn deletes_all_over_a_table_without_a_key_are_found() {
    found("", Method::Comparison).await;
}
