//! What pages tell people to type about a database that goes back.

use backout_testkit::told::{Book, Stage, play};

use crate::shop::Shop;

#[test]
fn the_pages_about_data_do_what_they_say() {
    for chapter in Book::open().chapters(&["data"]) {
        let shop = Shop::guarded();
        let stage = Stage {
            folder: shop.path(""),
            program: env!("CARGO_BIN_EXE_backout").into(),
            variables: vec![("DATABASE_URL".into(), shop.url().into())],
            words: Vec::new(),
        };
        let _ = play(&chapter, &stage);
    }
}
