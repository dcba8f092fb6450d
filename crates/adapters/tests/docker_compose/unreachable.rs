//! Engines that do not answer, and engines that answer through SSH.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::compose::{ComposeOptions, ComposePlatform, DockerOptions};
use backout_core::inventory::Seen;
use backout_core::port::{Platform, PlatformEvent};
use backout_testkit::docker::Project;

use crate::world::{WallClock, environment, options, service};

fn nowhere(host: &str) -> ComposePlatform {
    let mut docker = DockerOptions::from_environment(Environment::new());
    docker.host = Some(host.to_owned());
    let options = ComposeOptions {
        project: Some("shop".to_owned()),
        folder: "/".into(),
        files: Vec::new(),
        env_files: Vec::new(),
        profiles: Vec::new(),
        services: [(service("app"), "app".to_owned())].into(),
        docker,
    };
    ComposePlatform::new(options, Arc::new(WallClock))
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_unknown_and_not_absent() {
    for host in ["unix:///no/such/docker.sock", "tcp://127.0.0.1:1"] {
        let facts = nowhere(host).observe(&[service("app"), service("db")]).await;
        assert_eq!(facts.len(), 2);
        for fact in facts {
            let Seen::Unknown { why } = &fact.seen else { panic!("{fact:?}") };
            assert!(why.contains(host) && why.contains("cannot be reached"), "{why}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_had_says_so_and_goes_on_trying() {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let platform = nowhere("unix:///no/such/docker.sock");
    let watch = async {
        for _ in 0..2 {
            let event = receive.recv().await.unwrap();
            assert!(matches!(event, PlatformEvent::Lost { .. }), "{event:?}");
        }
    };
    tokio::select! {
        () = platform.events(Box::new(move |event| send.send(event).unwrap())) => panic!("the stream ended"),
        watched = tokio::time::timeout(Duration::from_secs(5), watch) => watched.unwrap(),
    }
}

/// Stands in for `ssh`: makes the socket that `-L` asks for lead to the one on this machine, and stays.
const SSH: &str = r#"#!/bin/sh
while [ "$1" != -L ]; do shift; done
ln -s "${2#*:}" "${2%%:*}"
while :; do sleep 1; done
"#;

#[tokio::test]
async fn an_engine_is_reached_through_ssh() {
    let Some(project) = Project::start("an_engine_is_reached_through_ssh") else { return };
    let programs = project.folder().join("bin");
    std::fs::create_dir(&programs).unwrap();
    project.write("bin/ssh", SSH);
    std::fs::set_permissions(programs.join("ssh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = options(&project, &["app"]);
    let mut environment = environment();
    let path = environment.get(std::ffi::OsStr::new("PATH")).unwrap().to_string_lossy().into_owned();
    environment.insert("PATH".into(), format!("{}:{path}", programs.display()).into());
    options.docker = DockerOptions::from_environment(environment);
    options.docker.host = Some("ssh://deploy@web1".to_owned());
    let platform = ComposePlatform::new(options, Arc::new(WallClock));
    let facts = platform.observe(&[service("app")]).await;
    assert_eq!(facts[0].seen, Seen::Absent, "{facts:?}");
}
