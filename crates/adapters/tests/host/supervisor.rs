//! Our own supervisor, with real processes.

use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use backout_core::config::{HostManage, HostSource, SecretOrText, SecretRef, Sensitive};
use backout_core::inventory::{InstanceState, Seen};
use backout_core::port::{Platform, PlatformEvent};

use crate::world::{World, spawn, supervised, until, words};

fn kill(pid: u32) {
    assert!(spawn("kill", &["-9", &pid.to_string()]).wait().unwrap().success());
}

fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn supervisor_of(world: &World) -> u32 {
    let state: serde_json::Value = serde_json::from_slice(&fs::read(world.path("state/app.json")).unwrap()).unwrap();
    state["supervisor"]["pid"].as_u64().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn a_killed_service_is_seen_within_200_ms_with_exit_code_137() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let (send, events) = mpsc::channel();
    let sink = Box::new(move |event| send.send(event).unwrap());
    let pid = world.pid().await;
    let killing = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        kill(pid);
        until(Duration::from_secs(2), async || {
            matches!(events.try_recv(), Ok(PlatformEvent::Moved { what, .. }) if what.contains("exit code 137"))
        })
        .await
    };
    let took = tokio::select! {
        took = killing => took,
        () = world.platform.events(sink) => panic!("the stream ended"),
    };
    assert!(took < Duration::from_millis(200), "{took:?}");
    assert_eq!(world.state().await, InstanceState::Exited { code: 137, out_of_memory: false });
}

#[tokio::test]
async fn an_exit_code_is_kept_and_nothing_is_started_again() {
    let world = World::releases(&["sh", "-c", "sleep 0.1; exit 7"]);
    world.restart().await;
    let exited = InstanceState::Exited { code: 7, out_of_memory: false };
    until(Duration::from_secs(3), async || world.state().await == exited).await;
    assert_eq!(world.running().await.instances[0].restarts, 0);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error_that_names_it() {
    let world = World::releases(&["no-such-program"]);
    let error = world.platform.restart(&world.service, Some(0)).await.unwrap_err();
    assert!(error.what.contains("no-such-program"), "{error:?}");
    assert_eq!(world.state().await, InstanceState::Exited { code: 127, out_of_memory: false });
}

#[tokio::test]
async fn a_service_outlives_its_killed_supervisor_and_can_still_be_stopped() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let pid = world.pid().await;
    kill(supervisor_of(&world));
    assert_eq!(world.state().await, InstanceState::Running);
    world.platform.stop(&world.service, 1000).await.unwrap();
    assert!(!is_alive(pid));
    assert_eq!(world.fact().await.seen, Seen::Absent);
    world.restart().await;
    assert_eq!(world.state().await, InstanceState::Running);
    world.end().await;
}

#[tokio::test]
async fn an_end_that_nobody_saw_is_told_as_one_with_an_unseen_code() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let pid = world.pid().await;
    kill(supervisor_of(&world));
    kill(pid);
    let unseen = InstanceState::Exited { code: -1, out_of_memory: false };
    until(Duration::from_secs(2), async || world.state().await == unseen).await;
}

#[tokio::test]
async fn stopping_takes_the_whole_process_group_and_kills_what_ignores_it() {
    let world =
        World::releases(&["sh", "-c", "trap '' TERM; sleep 61 & echo $! > ../../child; while :; do sleep 0.05; done"]);
    world.restart().await;
    let (pid, child) = (world.pid().await, world.root().join("child"));
    until(Duration::from_secs(2), async || fs::read_to_string(&child).is_ok_and(|text| text.ends_with('\n'))).await;
    let child: u32 = fs::read_to_string(child).unwrap().trim().parse().unwrap();
    let supervisor = supervisor_of(&world);
    world.platform.stop(&world.service, 200).await.unwrap();
    assert!(!is_alive(pid) && !is_alive(child) && !is_alive(supervisor));
    assert_eq!(world.fact().await.seen, Seen::Absent);
}

#[tokio::test]
async fn a_stop_signal_to_the_supervisor_reaches_the_service() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    let pid = world.pid().await;
    spawn("kill", &[&supervisor_of(&world).to_string()]).wait().unwrap();
    until(Duration::from_secs(2), async || world.fact().await.seen == Seen::Absent).await;
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn what_a_crashed_service_leaves_behind_is_killed() {
    let world = World::releases(&["sh", "-c", "sleep 62 & echo $! > ../../child; sleep 0.2; exit 3"]);
    world.restart().await;
    let exited = InstanceState::Exited { code: 3, out_of_memory: false };
    until(Duration::from_secs(3), async || world.state().await == exited).await;
    let child: u32 = fs::read_to_string(world.root().join("child")).unwrap().trim().parse().unwrap();
    assert!(!is_alive(child));
}

#[tokio::test]
async fn a_number_that_another_process_has_by_now_is_not_killed() {
    let world = World::releases(&["sleep", "60"]);
    world.restart().await;
    world.platform.stop(&world.service, 1000).await.unwrap();
    let mut stranger = spawn("sleep", &["60"]);
    let path = world.path("state/app.json");
    let mut state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    state["phase"] = serde_json::json!({ "is": "running" });
    for process in ["process", "supervisor"] {
        state[process]["pid"] = stranger.id().into();
    }
    crate::world::put(&path, &state.to_string());
    world.platform.stop(&world.service, 0).await.unwrap();
    assert!(is_alive(stranger.id()));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn secrets_reach_the_service_and_neither_arguments_nor_files() {
    let env = BTreeMap::from([
        ("PLAIN".to_owned(), SecretOrText::Text(Sensitive::new("pl41n".to_owned()))),
        ("PLACE".to_owned(), SecretOrText::Secret(SecretRef::Env("HOME".to_owned()))),
        ("SAID".to_owned(), SecretOrText::Secret(SecretRef::Exec(words(&["echo", "s41d"])))),
    ]);
    let world = World::new(
        |_| HostSource::None,
        None,
        |folder| HostManage::Supervised {
            run: words(&["sh", "-c", "echo \"$PLAIN $SAID\" > \"$PLACE/seen\"; sleep 60", folder.to_str().unwrap()]),
            env,
        },
    );
    world.restart().await;
    until(Duration::from_secs(2), async || world.path("seen").exists()).await;
    until(Duration::from_secs(2), async || fs::read_to_string(world.path("seen")).unwrap() == "pl41n s41d\n").await;
    for entry in fs::read_dir(world.path("state")).unwrap() {
        let content = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!content.contains("pl41n") && !content.contains("s41d"), "{content}");
    }
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", supervisor_of(&world))).unwrap();
    assert!(!arguments.contains("pl41n"), "{arguments}");
    world.end().await;
}

#[tokio::test]
async fn the_log_is_evidence() {
    let world = World::releases(&["sh", "-c", "echo last words >&2; exit 1"]);
    world.restart().await;
    until(Duration::from_secs(2), async || {
        let files = world.platform.evidence(&world.service).await;
        files.iter().any(|file| file.name == "app.log" && String::from_utf8_lossy(&file.content).contains("last words"))
    })
    .await;
}

#[tokio::test]
async fn a_service_without_a_state_file_is_absent() {
    let world = World::new(|_| HostSource::None, None, |_| supervised(&["true"]));
    assert_eq!(world.fact().await.seen, Seen::Absent);
    world.platform.stop(&world.service, 0).await.unwrap();
}
