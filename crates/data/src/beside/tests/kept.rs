//! Databases that were put aside are dropped by an explicit word only.

use backout_core::port::PortError;

use super::ground::{Ground, Silent, copy_of, swap_it};
use crate::Dumped;
use crate::beside::drop_kept;

async fn dropped(ground: &Ground, dbname: &str, force: bool, dumped: Dumped<'_>) -> Result<String, PortError> {
    drop_kept(&ground.target, dbname, (force, dumped), &Silent).await
}

/// A shop that was damaged and has gone back, with what was put aside.
async fn gone_back() -> Ground {
    let ground = Ground::new().await;
    let point = ground.point(1).await;
    ground.perform(copy_of(&point)).await.unwrap();
    ground.sql("shop", "UPDATE orders SET what = 'damaged'; INSERT INTO orders (what) VALUES ('new')").await;
    ground.perform(swap_it()).await.unwrap();
    ground
}

async fn is_there(ground: &Ground) -> bool {
    ground.one("postgres", "SELECT count(*)::text FROM pg_database WHERE datname = 'shop_damaged'").await == "1"
}

#[tokio::test]
async fn a_database_is_kept_for_its_time_and_dropped_only_where_it_bears_our_mark() {
    let ground = gone_back().await;
    let error = dropped(&ground, "shop_damaged", false, Dumped::NotWanted).await.unwrap_err();
    assert!(error.what.contains("is kept until 2026-11-21T01:00:00Z"), "{error:?}");
    for dbname in ["shop", "postgres"] {
        let error = dropped(&ground, dbname, true, Dumped::NotWanted).await.unwrap_err();
        assert!(error.what.contains("no mark"), "{error:?}");
    }
    let error = dropped(&ground, "shop_damaged", true, Dumped::Unsaid).await.unwrap_err();
    let hint = error.hint.unwrap();
    assert!(error.what.contains("was not touched") && hint.contains("--dump FILE") && hint.contains("--without-dump"));
    assert!(is_there(&ground).await);
    dropped(&ground, "shop_damaged", true, Dumped::NotWanted).await.unwrap();
    assert!(!is_there(&ground).await);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a file that is meant to be half of one")]
async fn only_a_dump_that_has_every_row_of_it_lets_it_go() {
    let ground = gone_back().await;
    // A dump of what is in use: as large, of the same tables, and without one of the rows that are to be kept.
    let other = ground.dump("shop", "other.dump").await;
    let error = dropped(&ground, "shop_damaged", true, Dumped::In(&other)).await.unwrap_err();
    assert!(error.what.contains("rows: `orders` has 500 rows in place of 501"), "{error:?}");
    assert!(error.what.contains("`shop_damaged` was not touched") && error.hint.unwrap().contains("--without-dump"));

    let whole = ground.dump("shop_damaged", "whole.dump").await;
    let content = std::fs::read(&whole).unwrap();
    let cut = format!("{whole}.cut");
    std::fs::write(&cut, &content[..content.len() / 2]).unwrap();
    assert!(dropped(&ground, "shop_damaged", true, Dumped::In(&cut)).await.is_err());
    assert!(is_there(&ground).await);

    dropped(&ground, "shop_damaged", true, Dumped::In(&whole)).await.unwrap();
    assert!(!is_there(&ground).await);
}
