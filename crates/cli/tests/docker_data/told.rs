//! What pages tell people to type about a database in Docker Compose.

use backout_testkit::docker::free_port;
use backout_testkit::guarded::end_all_of;
use backout_testkit::told::{Book, Stage, copy_examples, play};

use crate::shop::Shop;

#[test]
fn the_quickstart_with_a_database_does_what_it_says() {
    for chapter in Book::open().chapters(&["postgres"]) {
        let Some(shop) = Shop::built("the_quickstart_with_a_database_does_what_it_says") else { return };
        let project = &shop.project;
        let words = vec![
            ("15433".to_owned(), free_port().to_string()),
            ("18080".to_owned(), free_port().to_string()),
            ("shop:v".to_owned(), project.image_name("v")),
        ];
        copy_examples(project.folder(), &words);
        let variables = [("COMPOSE_PROJECT_NAME", project.name()), ("DB_IMAGE", &shop.stack), ("DB_DATA", "/data")];
        let stage = Stage {
            folder: project.folder().to_owned(),
            program: env!("CARGO_BIN_EXE_backout").into(),
            variables: variables.map(|(name, value)| (name.into(), value.into())).into(),
            words,
        };
        let _ = play(&chapter, &stage);
        end_all_of(project.folder());
    }
}
