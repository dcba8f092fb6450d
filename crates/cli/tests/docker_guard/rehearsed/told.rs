//! What pages tell people to type about Docker Compose.

use backout_testkit::docker::{Project, free_port};
use backout_testkit::guarded::end_all_of;
use backout_testkit::told::{Book, Stage, copy_examples, play};

#[test]
fn the_pages_about_compose_do_what_they_say() {
    for chapter in Book::open().chapters(&["compose"]) {
        let Some(project) = Project::start("the_pages_about_compose_do_what_they_say") else { return };
        let _ = project.image("v1", &[("APP_VERSION", "1"), ("APP_MODE", "ok")]);
        let _ = project.image("v2", &[("APP_VERSION", "2"), ("APP_MODE", "fail-after:2000")]);
        let image = project.image_name("v");
        let words = vec![
            ("127.0.0.1:8080".to_owned(), format!("127.0.0.1:{}", free_port())),
            ("backout-example/shop:${SHOP_VERSION}".to_owned(), image.replace(":v", ":${SHOP_VERSION}")),
        ];
        copy_examples(project.folder(), &words);
        let stage = Stage {
            folder: project.folder().to_owned(),
            program: env!("CARGO_BIN_EXE_backout").into(),
            variables: vec![("COMPOSE_PROJECT_NAME".into(), project.name().into())],
            words,
        };
        let _ = play(&chapter, &stage);
        end_all_of(project.folder());
    }
}
