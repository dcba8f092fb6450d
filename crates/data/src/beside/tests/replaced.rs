//! Contents of single tables are replaced as a whole or not at all, and what was there is kept.

use backout_core::data::{DataAct, ObjectName};

use super::ground::{Ground, copy_of};

fn tables(names: &[&str]) -> DataAct {
    let tables = names.iter().map(|name| ObjectName::new("public", *name)).collect();
    DataAct::ReplaceTables { copy: "shop_rb".to_owned(), tables, kept_in: "_backout_1".to_owned() }
}

/// A shop whose orders and items were damaged, with a verified copy of how it was.
async fn damaged() -> Ground {
    let ground = Ground::new().await;
    ground.sql("shop", "CREATE TABLE heard (what text)").await;
    let function = "CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO heard VALUES (TG_OP); RETURN NULL; END $$";
    ground.session("shop").await.batch_execute(function).await.unwrap();
    ground.sql("shop", "CREATE TRIGGER hear AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION hear()").await;
    let point = ground.point(1).await;
    ground.perform(copy_of(&point)).await.unwrap();
    ground.sql("shop", "UPDATE orders SET what = 'damaged'; DELETE FROM items WHERE id <= 100; INSERT INTO orders (what) VALUES ('new')").await;
    ground.sql("shop", "DELETE FROM heard").await;
    ground
}

#[tokio::test]
async fn tables_are_replaced_with_the_keys_on_and_put_back_again() {
    let ground = damaged().await;
    let act = tables(&["items", "orders", "Weird \"Name\"", "parts_2026"]);
    assert!(!ground.reached(act.clone()).await);

    let done = ground.perform(act.clone()).await.unwrap();

    let rows = |name: &str| {
        let rows = done.proof.rows.iter().find(|rows| rows.table.name == name).unwrap();
        (rows.before, rows.after)
    };
    assert_eq!((rows("orders"), rows("items")), ((Some(501), Some(500)), (Some(400), Some(500))));

    assert!(ground.reached(act.clone()).await);
    let count = |query| ground.one("shop", query);
    assert_eq!(count("SELECT count(*)::text FROM items WHERE twice = 2").await, "500");
    assert_eq!(count("SELECT count(*)::text FROM orders WHERE what = 'damaged' OR what = 'new'").await, "0");
    assert_eq!(count("SELECT count(*)::text FROM _backout_1.orders WHERE what = 'damaged'").await, "500");
    assert_eq!(count("SELECT count(*)::text FROM _backout_1.items").await, "400");
    assert_eq!(count("SELECT count(*)::text FROM heard").await, "0", "triggers have done their work once already");
    ground.sql("shop", "INSERT INTO orders (what) VALUES ('later')").await;
    assert_eq!(count("SELECT count(*)::text FROM heard").await, "1", "and do it again afterwards");
    assert_eq!(
        count("SELECT max(id)::text FROM orders").await,
        "502",
        "the number of the order that is kept is not used again"
    );
    // What was written since is not lost by doing it once more.
    ground.perform(act.clone()).await.unwrap();
    assert_eq!(count("SELECT count(*)::text FROM orders WHERE what = 'later'").await, "1");

    ground.undo(act.clone()).await.unwrap();

    assert!(!ground.reached(act).await);
    assert_eq!(count("SELECT count(*)::text FROM orders WHERE what = 'damaged'").await, "500");
    assert_eq!(count("SELECT count(*)::text FROM items").await, "400");
    assert_eq!(count("SELECT count(*)::text FROM _backout_1.\"orders undone\" WHERE what = 'later'").await, "1");
}

#[tokio::test]
async fn a_table_that_others_refer_to_is_not_replaced_without_them() {
    let ground = damaged().await;
    let error = ground.perform(tables(&["orders"])).await.unwrap_err();
    assert!(error.what.contains("`items` refers to `orders`"), "{error:?}");
    ground.sql("shop", "ALTER TABLE orders ADD COLUMN since date").await;
    let error = ground.perform(tables(&["orders", "items"])).await.unwrap_err();
    assert!(error.what.contains("other columns"), "{error:?}");
    assert_eq!(ground.one("shop", "SELECT count(*)::text FROM orders").await, "501");
}

#[tokio::test]
async fn rows_that_refer_to_nothing_take_everything_back() {
    let ground = damaged().await;
    ground.sql("shop", "DELETE FROM items; DELETE FROM orders WHERE id = 7").await;
    let error = ground.perform(tables(&["items"])).await.unwrap_err();
    assert!(error.what.contains("items_order_id_fkey"), "{error:?}");
    assert_eq!(ground.one("shop", "SELECT count(*)::text FROM items").await, "0");
    assert!(!ground.reached(tables(&["items"])).await);
}
