//! What was configured goes back together with the image, and what it replaced is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_core::inventory::BlobRef;
use backout_core::journal::{Body, RunResult};
use backout_core::port::Blobs as _;
use backout_engine::blob::BlobFolder;
use backout_engine::state_dir::StateDir;

use crate::stage::{Ran, Stage};

const KEYS: &str = "    environment: { APP_CONFIG: /config.toml, GREETING: \"${GREETING}\" }
    volumes: [\"./config.toml:/config.toml:ro\"]
";

fn environment(stage: &Stage, tag: &str) -> String {
    format!("IMAGE={}\nGREETING=hello from {tag}\n", stage.project.image_name(tag))
}

fn configuration(tag: &str) -> String {
    format!("limit = \"of {tag}\"\n")
}

/// A stage on which version `good` runs with its own `.env` and configuration file, and those of `bad` lie beside them.
fn configured(test: &str) -> Option<Stage> {
    let stage = Stage::set(test)?;
    stage.compose_file(&stage.app(KEYS));
    let probe = format!("{{ http: \"http://127.0.0.1:{}/health\", every: 250ms }}", stage.port);
    let artifacts = "        artifacts: { config: [config.toml, .env] }";
    stage.configure(&[&format!("    services:\n      app:\n{artifacts}\n        probes: {{ health: {probe} }}")]);
    for (tag, mode) in [("good", "ok"), ("bad", "fail-after:1500")] {
        let _ = stage.image(tag, mode);
        stage.project.write(&format!("{tag}.env"), &environment(&stage, tag));
        stage.project.write(&format!("{tag}.toml"), &configuration(tag));
    }
    stage.project.write("config.toml", &configuration("good"));
    stage.project.write(".env", &environment(&stage, "good"));
    let _ = stage.project.compose(&["up", "--detach"]);
    crate::stage::eventually("the application answers", || stage.answer("/version").is_some());
    Some(stage)
}

fn file(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(stage.project.folder().join(name)).unwrap()
}

/// What a replaced file held, from the blobs that the journal names.
fn replaced(stage: &Stage, ran: &Ran, name: &str) -> Option<String> {
    let blob: BlobRef = ran.find(|body| match body {
        Body::FileReplaced { path, was } if path.ends_with(&format!("/{name}")) => was.clone(),
        _ => None,
    })?;
    let blobs = Arc::new(BlobFolder::open_read_only(&StateDir::at(&stage.state())).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bytes = runtime.block_on(async { blobs.get(&blob).await.unwrap() });
    Some(String::from_utf8(bytes).unwrap())
}

/// `.env` and the configuration file of a checkpoint, as a person gets them back.
fn extracted(stage: &Stage, checkpoint: &str) -> [String; 2] {
    let ran = stage.backout(&["checkpoint", "show", checkpoint, "--extract", "extracted"]);
    assert_eq!(ran.exit, 0, "{ran}");
    [".env", "config.toml"].map(|name| {
        let path = find(&stage.project.folder().join("extracted"), name);
        std::fs::read_to_string(path.unwrap_or_else(|| panic!("{name} was not extracted: {ran}"))).unwrap()
    })
}

/// The file of that name somewhere under a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    entries.find_map(|path| match path.is_dir() {
        true => find(&path, name),
        false => path.ends_with(name).then_some(path),
    })
}

#[test]
fn variables_and_a_configuration_file_go_back_with_the_image_and_what_they_replace_is_kept() {
    let test = "variables_and_a_configuration_file_go_back_with_the_image_and_what_they_replace_is_kept";
    let Some(stage) = configured(test) else { return };
    assert_eq!(stage.answer("/config").as_deref(), Some("limit = \"of good\""));

    let name = stage.project.name();
    let ran = stage.guard(&format!("cp bad.env .env && cp bad.toml config.toml && docker compose -p {name} up -d"));

    ran.ended(3, RunResult::RolledBack);
    ran.is_verified();
    assert_eq!(stage.answer("/version").as_deref(), Some("good"), "{ran}");
    assert_eq!(stage.answer("/env/GREETING").as_deref(), Some("hello from good"), "{ran}");
    assert_eq!(stage.answer("/config").as_deref(), Some("limit = \"of good\""), "{ran}");
    assert_eq!(file(&stage, ".env"), environment(&stage, "good"), "{ran}");
    assert_eq!(file(&stage, "config.toml"), configuration("good"), "{ran}");
    assert_eq!(replaced(&stage, &ran, ".env"), Some(environment(&stage, "bad")), "{ran}");
    assert_eq!(replaced(&stage, &ran, "config.toml"), Some(configuration("bad")), "{ran}");
    assert_eq!(
        extracted(&stage, ran.checkpoints[1].checkpoint.id.as_str()),
        [environment(&stage, "bad"), configuration("bad")]
    );
}

#[test]
fn a_configuration_file_that_alone_was_changed_goes_back_into_a_container_that_is_started_again() {
    let test = "a_configuration_file_that_alone_was_changed_goes_back_into_a_container_that_is_started_again";
    let Some(stage) = configured(test) else { return };
    let before = stage.containers("app");

    // An editor that writes a new file in place of the old one: the container keeps the old one until it is made anew.
    let name = stage.project.name();
    let change = "cp bad.toml next.toml && mv next.toml config.toml";
    let ran = stage.guard(&format!("{change} && docker compose -p {name} up -d --force-recreate && exit 1"));

    ran.ended(3, RunResult::RolledBack);
    assert_eq!(file(&stage, "config.toml"), configuration("good"), "{ran}");
    assert_eq!(stage.answer("/config").as_deref(), Some("limit = \"of good\""), "{ran}");
    assert_ne!(stage.containers("app"), before, "{ran}");
}
