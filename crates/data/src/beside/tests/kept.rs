//! Databases that were put aside are dropped by an explicit word only.

use super::ground::{Ground, copy_of, swap_it};
use crate::beside::drop_kept;

#[tokio::test]
async fn a_database_is_kept_for_its_time_and_dropped_only_where_it_bears_our_mark() {
    let ground = Ground::new().await;
    let point = ground.point(1).await;
    ground.perform(copy_of(&point)).await.unwrap();
    ground.perform(swap_it()).await.unwrap();

    let error = drop_kept(&ground.target, "shop_damaged", false).await.unwrap_err();
    assert!(error.what.contains("is kept until 2026-11-21T01:00:00Z"), "{error:?}");
    for dbname in ["shop", "postgres"] {
        let error = drop_kept(&ground.target, dbname, true).await.unwrap_err();
        assert!(error.what.contains("no mark"), "{error:?}");
    }
    drop_kept(&ground.target, "shop_damaged", true).await.unwrap();
    assert_eq!(
        ground.one("postgres", "SELECT count(*)::text FROM pg_database WHERE datname = 'shop_damaged'").await,
        "0"
    );
}
