//! Programs and files in the containers of a service.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use backout_core::port::{Errand, Inside, Overlay};
use backout_testkit::docker::stack_image;

use crate::world::{World, service, world};

fn errand(script: &str, files: Option<Overlay>) -> Errand {
    Errand {
        service: service("app"),
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        variables: BTreeMap::from([("PGOPTIONS".to_owned(), "-c x=1".to_owned())]),
        limit: Duration::from_secs(60),
        files,
    }
}

async fn says(world: &World, script: &str, files: Option<Overlay>) -> (i64, String, String) {
    let output = world.platform.run(&errand(script, files)).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    (output.code, text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_program_runs_where_the_service_runs_and_finds_the_files_of_a_vault_only_when_it_is_given_them() {
    let name = "a_program_runs_where_the_service_runs_and_finds_the_files_of_a_vault";
    let (Some(world), Some(image)) = (world(name, &["app"]), stack_image(name)) else { return };
    let text = format!(
        "services:\n  app:\n    image: '{image}'\n    entrypoint: [sh, -c, 'mkdir -p /tmp/m/deep; echo one > /tmp/m/deep/1.sql; sleep 600']\n\
         \x20   working_dir: /tmp\n    environment: {{WHO: me}}\n"
    );
    world.project.write("docker-compose.yml", &text);
    let _ = world.project.compose(&["up", "--detach", "--timeout", "1"]);
    let script = "echo $WHO $PGOPTIONS $(pwd); echo oops >&2; exit 3";
    assert_eq!(says(&world, script, None).await, (3, "me -c x=1 /tmp".into(), "oops".into()));
    let tar = world.platform.fetch(&service("app"), "m").await.unwrap();
    let mut archive = tar::Archive::new(tar.as_slice());
    let mut entries = archive.entries().unwrap();
    let mut entry = entries.next().unwrap().unwrap();
    let mut content = String::new();
    entry.read_to_string(&mut content).unwrap();
    assert_eq!((entry.path().unwrap().display().to_string(), content.as_str()), ("deep/1.sql".into(), "one\n"));
    let files = || Some(Overlay { folder: ".".into(), tar: tar.clone() });
    assert_eq!(says(&world, "cat deep/1.sql; echo $WHO", files()).await, (0, "one\nme".into(), String::new()));
    assert_ne!(says(&world, "cat deep/1.sql", None).await.0, 0);
    // A service that does not run has its surroundings all the same.
    let _ = world.project.compose(&["stop", "--timeout", "1"]);
    assert_eq!(says(&world, script, None).await, (3, "me -c x=1 /tmp".into(), "oops".into()));
    assert!(world.platform.fetch(&service("app"), "nowhere").await.is_err());
}
