//! Restoring against a real server.

mod ground;

use backout_core::data::{ObjectName, Packing, PointKind, Sealing};

use ground::Ground;

const PLAIN: (Packing, Sealing) = (Packing::None, Sealing::None);

/// Two tables that refer to each other, of two owners, with grants to a third.
const SHOP: &str = "CREATE TABLE customers (id int PRIMARY KEY, name text); \
    CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customers, what text); \
    INSERT INTO customers SELECT i, 'name ' || i FROM generate_series(1, 50) i; \
    INSERT INTO orders (customer, what) SELECT 1 + i % 50, repeat('x', i % 90) FROM generate_series(1, 3000) i";

fn custom((packing, sealing): (Packing, Sealing)) -> PointKind {
    PointKind::Custom { packing, sealing }
}

fn sql((packing, sealing): (Packing, Sealing)) -> PointKind {
    PointKind::Plain { packing, sealing }
}

#[tokio::test]
async fn every_kind_of_dump_is_restored_whole_by_one_connection_and_by_two() {
    let ground = Ground::new().await;
    ground.database("shop", SHOP).await;
    let expected = ground.hashes("shop").await;
    let cases = [
        ("dump.custom", "-Fc", custom(PLAIN)),
        ("dump.tar", "-Ft", PointKind::Tar { packing: Packing::None, sealing: Sealing::None }),
        ("dump.sql", "-Fp", sql(PLAIN)),
    ];
    for (file, format, kind) in cases {
        ground.dump("shop", file, &[format]).await;
        for jobs in [1, 2] {
            let copy = format!("copy_{}_{jobs}", file.replace('.', "_"));
            ground.database(&copy, "").await;
            ground.restore(&copy, &ground.point(kind.clone(), &[file]), jobs, &[]).await.unwrap();
            assert_eq!(ground.hashes(&copy).await, expected, "{file}");
        }
    }
}

#[tokio::test]
async fn a_packed_dump_is_laid_open_for_two_connections_and_streamed_to_one() {
    let ground = Ground::new().await;
    ground.database("shop", SHOP).await;
    let expected = ground.hashes("shop").await;
    ground.dump("shop", "dump", &["-Fc", "-Z0"]).await;
    ground.pack("dump", "dump.zst");
    let point = ground.point(custom((Packing::Zstd, Sealing::None)), &["dump.zst"]);
    for jobs in [1, 2] {
        let copy = format!("copy_{jobs}");
        ground.database(&copy, "").await;
        ground.restore(&copy, &point, jobs, &[]).await.unwrap();
        assert_eq!(ground.hashes(&copy).await, expected);
    }
}

#[tokio::test]
async fn only_the_rows_of_wanted_tables_come_with_their_keys() {
    let ground = Ground::new().await;
    let shop = ground.database("shop", SHOP).await;
    shop.batch_execute(
        "CREATE TABLE \"Weird \"\"Name\" (id int PRIMARY KEY); INSERT INTO \"Weird \"\"Name\" VALUES (1), (2)",
    )
    .await
    .unwrap();
    ground.dump("shop", "dump", &["-Fc"]).await;
    let copy = ground.database("copy", "").await;
    let wanted = [ObjectName::new("public", "orders"), ObjectName::new("public", "Weird \"Name")];
    ground.restore("copy", &ground.point(custom(PLAIN), &["dump"]), 1, &wanted).await.unwrap();
    let count = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customers), \
        (SELECT count(*) FROM \"Weird \"\"Name\"), (SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace), \
        (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace)";
    let row = copy.query_one(count, &[]).await.unwrap();
    let found: Vec<i64> = (0..5).map(|at| row.get(at)).collect();
    assert_eq!(found, [3000, 0, 2, 3, 0]);
}

#[tokio::test]
async fn nothing_is_restored_into_a_database_that_holds_something() {
    let ground = Ground::new().await;
    ground.database("shop", SHOP).await;
    ground.dump("shop", "dump", &["-Fc"]).await;
    let point = ground.point(custom(PLAIN), &["dump"]);
    let live = ground.database("live", "CREATE TABLE theirs (id int)").await;
    let error = ground.restore("live", &point, 1, &[]).await.unwrap_err();
    assert!(error.what.contains("is not empty"), "{error}");
    assert!(live.query("SELECT FROM pg_class WHERE relname = 'orders'", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn sql_text_can_do_nothing_but_sql() {
    let ground = Ground::new().await;
    let proof = ground.folder().join("proof");
    let evil = format!("-- dump\nCREATE TABLE a (id int);\n\\! touch {}\n\\connect postgres\n", proof.display());
    std::fs::write(ground.folder().join("evil.sql"), evil).unwrap();
    ground.database("copy", "").await;
    let error = ground.restore("copy", &ground.point(sql(PLAIN), &["evil.sql"]), 1, &[]).await.unwrap_err();
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("commands of `psql`")), "{error:?}");
    assert!(!proof.exists());
}

#[tokio::test]
async fn the_first_error_of_sql_text_ends_it() {
    let ground = Ground::new().await;
    std::fs::write(
        ground.folder().join("bad.sql"),
        "CREATE TABLE a (id int);\nSELECT 1/0;\nCREATE TABLE b (id int);\n",
    )
    .unwrap();
    let copy = ground.database("copy", "").await;
    let error = ground.restore("copy", &ground.point(sql(PLAIN), &["bad.sql"]), 1, &[]).await.unwrap_err();
    assert!(error.what.contains("division by zero"), "{error}");
    assert!(copy.query("SELECT FROM pg_class WHERE relname = 'b'", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_dump_that_was_cut_short_or_changed_is_an_error_even_where_its_sql_is_sound() {
    let ground = Ground::new().await;
    let whole = "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n";
    for (name, found) in [("cut", &whole[..51]), ("changed", &whole.replace("(2)", "(3)"))] {
        std::fs::write(ground.folder().join("dump.sql"), whole).unwrap();
        let point = ground.point(sql(PLAIN), &["dump.sql"]);
        std::fs::write(ground.folder().join("dump.sql"), found).unwrap();
        ground.database(name, "").await;
        let error = ground.restore(name, &point, 1, &[]).await.unwrap_err();
        assert!(error.what.contains("was cut short") || error.what.contains("was changed"), "{error}");
    }
}

#[tokio::test]
async fn an_owner_without_further_rights_restores_what_is_its_own_and_nothing_else() {
    let ground = Ground::new().await;
    let admin =
        ground.database("shop", "CREATE ROLE shop; CREATE ROLE reports; CREATE ROLE deploy LOGIN IN ROLE shop").await;
    admin.batch_execute("ALTER DATABASE shop OWNER TO shop; SET ROLE shop").await.unwrap();
    admin.batch_execute(SHOP).await.unwrap();
    admin.batch_execute("GRANT SELECT ON orders TO reports; RESET ROLE").await.unwrap();
    ground.dump("shop", "dump", &["-Fc"]).await;
    let point = ground.point(custom(PLAIN), &["dump"]);
    let copy = ground.database("copy", "ALTER DATABASE copy OWNER TO shop").await;
    ground.restore_as("deploy", "copy", &point).await.unwrap();
    let ask = "SELECT pg_get_userbyid(relowner)::text, relacl::text FROM pg_class WHERE relname = 'orders'";
    let row = copy.query_one(ask, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("shop", "{shop=arwdDxt/shop,reports=r/shop}"));

    admin
        .batch_execute("CREATE ROLE stranger; CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO stranger")
        .await
        .unwrap();
    ground.dump("shop", "dump", &["-Fc"]).await;
    let point = ground.point(custom(PLAIN), &["dump"]);
    let other = ground.database("other", "ALTER DATABASE other OWNER TO shop").await;
    let error = ground.restore_as("deploy", "other", &point).await.unwrap_err();
    assert!(error.what.contains("`stranger`"), "{error}");
    assert!(other.query("SELECT FROM pg_class WHERE relname = 'orders'", &[]).await.unwrap().is_empty());
}
