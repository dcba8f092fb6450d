//! What statements do: the nasty ones.

use crate::migrate::{Kind, Loss, Piece, SoftDrop, Statement, TableName, classify, pieces, split};

fn one(text: &str) -> Statement {
    let mut statements = classify(text);
    assert_eq!(statements.len(), 1, "{text}: {statements:?}");
    statements.remove(0)
}

fn table(name: &str) -> TableName {
    TableName { schema: None, name: name.into() }
}

fn column(of: &str, name: &str) -> Loss {
    Loss::Column { table: table(of), column: name.into() }
}

fn values(of: &str, name: &str) -> Loss {
    Loss::Values { table: table(of), column: name.into() }
}

#[test]
fn what_is_dropped_is_named_as_the_server_would_find_it() {
    let in_schema = TableName { schema: Some("erp".into()), name: "Weird \"Name\"".into() };
    for (text, destroys) in [
        ("DROP TABLE Orders", vec![Loss::Table(table("orders"))]),
        ("drop table if exists a, b cascade", vec![Loss::Table(table("a")), Loss::Table(table("b"))]),
        (r#"DROP TABLE ERP."Weird ""Name""""#, vec![Loss::Table(in_schema)]),
        ("ALTER TABLE t DROP COLUMN a, DROP b", vec![column("t", "a"), column("t", "b")]),
        ("ALTER TABLE IF EXISTS ONLY t DROP COLUMN IF EXISTS A CASCADE", vec![column("t", "a")]),
        ("ALTER TABLE t ADD COLUMN x int, DROP COLUMN \"A\"", vec![column("t", "A")]),
        ("ALTER TABLE t ALTER COLUMN a TYPE varchar(5) USING left(a, 5)", vec![values("t", "a")]),
        ("DELETE FROM t WHERE a = 1", vec![Loss::Rows(table("t"))]),
        ("DELETE FROM t USING u WHERE t.a = u.a", vec![Loss::Rows(table("t"))]),
        ("UPDATE t SET a = 1, b = b + 1 FROM u WHERE u.id = t.id", vec![values("t", "a"), values("t", "b")]),
        ("TRUNCATE t, u RESTART IDENTITY", vec![Loss::Rows(table("t")), Loss::Rows(table("u"))]),
        ("DROP SCHEMA erp CASCADE", vec![Loss::Schema("erp".into())]),
        ("DROP TYPE mood CASCADE", vec![Loss::Type(table("mood"))]),
        ("WITH gone AS (DELETE FROM t RETURNING *) SELECT count(*) FROM gone", vec![Loss::Rows(table("t"))]),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2", vec![Loss::Rows(table("t"))]),
    ] {
        let seen = one(text);
        assert_eq!((seen.kind, seen.destroys), (Kind::Destructive, destroys), "{text}");
    }
}

#[test]
fn what_only_adds_or_changes_destroys_nothing() {
    for (text, kind) in [
        (
            "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now())",
            Kind::Additive,
        ),
        ("ALTER TABLE t ADD COLUMN a jsonb NOT NULL DEFAULT '{}'::jsonb", Kind::Additive),
        ("CREATE UNIQUE INDEX i ON t (lower(a)) WHERE b IS NOT NULL", Kind::Additive),
        ("INSERT INTO t (a, b) SELECT id, 'x' FROM u", Kind::Additive),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", Kind::Additive),
        ("SELECT setval('t_id_seq', max(id)) FROM t", Kind::Additive),
        ("ALTER TABLE t RENAME COLUMN a TO b", Kind::Transforming),
        ("ALTER TABLE t ALTER a SET NOT NULL", Kind::Transforming),
        ("ALTER TABLE t DROP CONSTRAINT c", Kind::Transforming),
        ("DROP INDEX i", Kind::Transforming),
        ("DROP VIEW v", Kind::Transforming),
        ("GRANT SELECT ON t TO reader", Kind::Transforming),
        ("BEGIN", Kind::Control),
        ("COMMIT", Kind::Control),
    ] {
        let seen = one(text);
        assert_eq!((seen.kind, seen.destroys.len()), (kind, 0), "{text}");
        assert!(!seen.may_destroy(), "{text}");
    }
}

#[test]
fn what_cannot_be_seen_through_counts_as_destructive() {
    for text in [
        "DO $$ BEGIN DELETE FROM t; END $$",
        "CALL purge()",
        "SELECT purge_everything()",
        "TRUNCATE t CASCADE",
        "EXECUTE stmt",
        "ALTER TABLE t SET SCHEMA other",
        "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE",
        "DROP EXTENSION hstore CASCADE",
        "DROP DATABASE shop",
        "FLY ME TO THE MOON",
        "SET search_path = erp",
        "ROLLBACK",
    ] {
        assert!(one(text).may_destroy(), "{text}: {:?}", one(text));
    }
}

#[test]
fn after_the_search_path_was_changed_names_mean_what_cannot_be_told() {
    let seen = classify("DROP TABLE a; SET search_path TO erp; DROP TABLE b;");
    assert_eq!(seen[0].kind, Kind::Destructive);
    assert_eq!(seen[2].kind, Kind::Unknown);
}

#[test]
fn statements_that_refuse_a_transaction_are_known() {
    for (text, is_transactional) in [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", false),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)", false),
        ("DROP INDEX CONCURRENTLY i", false),
        ("REINDEX TABLE CONCURRENTLY t", false),
        ("ALTER TYPE mood ADD VALUE 'angry'", false),
        ("VACUUM FULL t", false),
        ("ALTER TYPE mood RENAME TO feeling", true),
        ("CREATE INDEX i ON t (a)", true),
        ("COMMENT ON TABLE t IS 'built CONCURRENTLY'", true),
    ] {
        assert_eq!(one(text).is_transactional, is_transactional, "{text}");
    }
    assert_eq!(one("DROP INDEX CONCURRENTLY i").kind, Kind::Transforming);
}

#[test]
fn semicolons_that_end_nothing_do_not_cut() {
    for text in [
        "INSERT INTO t VALUES ('a;b'';c')",
        r"INSERT INTO t VALUES (E'a\';b')",
        r#"SELECT 1 AS "a;b""#,
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN; $$;$$ RETURN 1; END $body$",
        "SELECT 1 /* a; /* b; */ c; */ + 2",
        "SELECT 1 -- a; b\n + 2",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "SELECT $1 || 'x;y'",
    ] {
        assert_eq!(split(text), [text]);
        assert_eq!(split(&format!("{text};\n-- done;\n")), [text]);
        assert_eq!(split(&format!("SELECT 0; {text}; SELECT 9")).len(), 3, "{text}");
    }
    assert_eq!(split(" ; -- nothing\n ;"), Vec::<&str>::new());
}

#[test]
fn drops_of_what_is_kept_become_pieces_at_their_place_and_the_rest_stays_as_it_was_written() {
    let (a, x) = (SoftDrop::Table(table("a")), SoftDrop::Column(table("t"), "x".into()));
    let kept = [a.clone(), x.clone()];
    let seen = |script: &str| pieces(script, &|drop| kept.contains(drop));
    let run = |text: &str| Piece::Run(text.to_owned());
    let (a, x) = (Piece::Soft(a), Piece::Soft(x));
    assert_eq!(seen("DROP TABLE a;"), std::slice::from_ref(&a));
    assert_eq!(seen("DROP TABLE IF EXISTS b, a"), [run("DROP TABLE IF EXISTS b"), a.clone()]);
    assert_eq!(seen("DROP INDEX i; ALTER TABLE t DROP COLUMN X"), [run("DROP INDEX i"), x.clone()]);
    let typed = "ALTER TABLE t ADD COLUMN x INT, DROP COLUMN x, DROP CONSTRAINT c, DROP COLUMN y";
    let wanted = [
        run("ALTER TABLE t DROP CONSTRAINT c"),
        x.clone(),
        run("ALTER TABLE t DROP COLUMN y"),
        run("ALTER TABLE t ADD COLUMN x INT"),
    ];
    assert_eq!(seen(typed), wanted);
    for other in [
        "DROP  TABLE b",
        "DROP TABLE a CASCADE",
        "ALTER TABLE t DROP COLUMN x CASCADE",
        "alter table u drop column x",
        "drop index a",
        "DO $$ DROP TABLE a $$",
    ] {
        assert_eq!(seen(other), [run(other)]);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_cut_within_a_character_or_loses_words(text in "[ -~é;'\"$\n]{0,80}") {
        let statements = split(&text);
        let joined: usize = statements.iter().map(|it| it.len()).sum();
        proptest::prop_assert!(joined <= text.len());
        drop(classify(&text));
    }
}
