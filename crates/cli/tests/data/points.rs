//! Restore points by hand: each command's document, and what it did.

use serde_json::Value;

use crate::shop::{GOOD, Shop};

fn ids(document: &Value) -> Vec<String> {
    let points = document["restore_points"].as_array().unwrap();
    points.iter().map(|point| point["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn restore_points_are_taken_listed_shown_verified_and_let_go() {
    let shop = Shop::new();
    let taken = ids(&shop.document(&["backup", "create"]));
    let [first] = taken.as_slice() else { unreachable!("{taken:?}") };
    let second = ids(&shop.document(&["backup", "create", "--database", "main"])).remove(0);
    assert_eq!(ids(&shop.document(&["backup", "list"])), [second.clone(), first.clone()]);
    let shown = shop.document(&["backup", "show", first]);
    assert_eq!(shown["restore_point"]["id"], first.as_str());
    assert_eq!(shown["manifest"]["tables"][0]["rows"], 500, "{shown}");
    let verified = shop.document(&["backup", "verify", first, "--level", "V3"]);
    assert_eq!((&verified["holds"], &verified["verifications"][0]["reached"]), (&true.into(), &"V3".into()));
    assert_eq!(shop.databases(), ["shop"], "it is restored elsewhere");

    let restored = shop.document(&["backup", "restore", first, "--as", "shop_look"]);
    assert_eq!(restored["database"], "shop_look");
    assert_eq!(shop.orders("shop_look"), GOOD);

    let pruned = shop.document(&["backup", "prune", "--keep", "1"]);
    assert_eq!(pruned["released"], serde_json::json!([first]));
    assert_eq!(ids(&shop.document(&["backup", "list"])), [second]);
    assert_eq!(shop.stored("dump.pgc.zst").len(), 1);
}

#[test]
fn as_many_as_are_configured_are_kept_and_the_newest_comes_first() {
    let shop = Shop::new();
    shop.keeps("3");
    let mut taken: Vec<String> = (0..4).flat_map(|_| ids(&shop.document(&["backup", "create"]))).collect();
    taken.reverse();
    assert_eq!(ids(&shop.document(&["backup", "list"])), taken[..3]);
    assert_eq!(shop.stored("dump.pgc.zst").len(), 3, "what is not listed is not stored");
}

#[test]
fn what_a_good_checkpoint_needs_is_never_let_go() {
    let shop = Shop::guarded();
    let needed = ids(&shop.document(&["backup", "list"]));
    shop.document(&["backup", "create"]);
    shop.document(&["backup", "create"]);
    shop.document(&["backup", "prune", "--keep", "1"]);
    let left = ids(&shop.document(&["backup", "list"]));
    assert!(left.len() == 2 && left.contains(&needed[0]), "{needed:?} {left:?}");
}

#[test]
fn a_dump_of_another_tool_can_be_gone_back_to() {
    let shop = Shop::guarded();
    let dump = shop.dump("other.dump");
    let before = std::fs::read(&dump).unwrap();
    let imported = ids(&shop.document(&["backup", "import", "other.dump"])).remove(0);
    let listed = ids(&shop.document(&["backup", "list"]));
    assert!(listed.contains(&imported));
    shop.write("nonsense.dump", "this is no dump");
    shop.backout(&["backup", "import", "nonsense.dump"]).expect_code(1);
    assert_eq!(ids(&shop.document(&["backup", "list"])), listed);
    let verified = shop.document(&["backup", "verify", &imported, "--level", "V2"]);
    assert_eq!(verified["holds"], true, "{verified}");
    shop.damage();
    // Which rows are newer than such a file nobody can count, so no number agrees to it.
    let back = ["rollback", "--database", "main", "--backup", &imported, "--yes"];
    let counted = shop.backout(&[&back[..], &["--accept-loss", "100000"]].concat()).expect_code(5);
    assert!(counted.stderr.contains("`orders` is not as it was then"), "{}", counted.stderr);
    shop.backout(&[&back[..], &["--force", "loss-not-accepted"]].concat()).expect_code(0);
    assert_eq!(shop.orders("shop"), GOOD);
    assert_eq!(std::fs::read(&dump).unwrap(), before, "the file stays as it is");
    shop.assert_open();
}

#[test]
fn checking_tells_of_the_database_and_touches_nothing() {
    let shop = Shop::new();
    let before = shop.state_of_server();
    let checked = shop.document(&["check"]);
    assert_eq!(checked["holds"], true, "{checked}");
    let findings = checked["findings"].as_array().unwrap();
    let of_database = findings.iter().find(|finding| finding["check"] == "database main");
    let said = of_database.unwrap()["what"].as_str().unwrap();
    assert!(said.starts_with("PostgreSQL 15"), "{said}");
    let status = shop.document(&["status"]);
    assert_eq!(status["databases"][0]["dbname"], "shop", "{status}");
    assert_eq!(shop.state_of_server(), before);
}

#[test]
fn a_deep_check_finds_an_index_of_the_database_in_use_that_lacks_rows() {
    let shop = Shop::new();
    let of_indexes = |document: &Value| {
        let findings = document["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["check"] == "main: indexes are sound").unwrap().clone()
    };
    let looked = || serde_json::from_str(&shop.backout(&["check", "--deep", "--json"]).stdout).unwrap();
    let sound = of_indexes(&looked());
    assert_eq!(sound["result"], "holds", "{sound}");
    shop.sql(
        "shop",
        "CREATE FUNCTION public.priced(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'; \
         CREATE INDEX priced ON orders (priced(cents)); \
         CREATE OR REPLACE FUNCTION public.priced(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1'",
    );
    let damaged = of_indexes(&looked());
    assert_eq!(damaged["result"], "fails", "{damaged}");
    let said = damaged.to_string();
    assert!(said.contains("index `priced`") && said.contains("REINDEX INDEX CONCURRENTLY"), "{said}");
    assert_eq!(shop.backout(&["check", "--deep"]).code, 6);
    shop.sql("shop", "REINDEX INDEX CONCURRENTLY priced");
    assert_eq!(of_indexes(&looked())["result"], "holds");
    let left = "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE '\\_backout%'";
    assert_eq!(shop.list("shop", left), Vec::<String>::new(), "nothing is left of looking");
}

#[test]
fn a_deep_check_reads_the_newest_restore_point_to_its_end_and_changes_nothing() {
    let shop = Shop::new();
    let of_points = |document: &Value| {
        let findings = document["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["check"] == "main: newest restore point").unwrap().clone()
    };
    let looked = || serde_json::from_str(&shop.backout(&["check", "--deep", "--json"]).stdout).unwrap();
    let none = of_points(&looked());
    assert_eq!((&none["result"], none["hint"].is_string()), (&"note".into(), true), "{none}");
    shop.document(&["backup", "create"]);
    let before = shop.stored("");
    let whole = of_points(&looked());
    assert_eq!(whole["result"], "holds", "{whole}");
    assert_eq!((shop.stored(""), shop.databases()), (before, vec!["shop".to_owned()]));
    let dump = shop.stored("dump.pgc.zst").remove(0);
    let mut bytes = std::fs::read(&dump).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    backout_engine::durable::replace(&dump, &bytes, 0o600).unwrap();
    let broken = of_points(&looked());
    assert_eq!((&broken["result"], broken["hint"].is_string()), (&"fails".into(), true), "{broken}");
    assert_eq!(shop.backout(&["check", "--deep"]).code, 6);
}
