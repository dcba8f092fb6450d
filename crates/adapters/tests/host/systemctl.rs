//! The way over `systemctl`, with a double of that name: a script that writes down how it was called and prints recorded
//! output of systemd 252.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use backout_core::config::{HostManage, HostSource};
use backout_core::inventory::{InstanceState, Seen};
use backout_core::port::Platform;

use crate::world::{World, put};

/// Recorded with systemd 252 of Debian 12 in the test-bed's machine: a service that failed once and was started again.
const RUNNING: &str = "MainPID=33\nResult=success\nNRestarts=1\nExecMainStartTimestampMonotonic=6151528283\n\
    ExecMainCode=0\nExecMainStatus=0\nControlGroup=/system.slice/app.service\nId=app.service\nLoadState=loaded\n\
    ActiveState=active\nSubState=running\nStateChangeTimestampMonotonic=6151528321\n\
    InvocationID=ab0d1fa6e05e4c7c8134ddf07b2d31be\n";
/// Recorded likewise: a service that was killed.
const CRASHED: &str = "MainPID=0\nResult=signal\nNRestarts=0\nExecMainStartTimestampMonotonic=6152740743\n\
    ExecMainCode=2\nExecMainStatus=9\nControlGroup=\nId=app.service\nLoadState=loaded\nActiveState=failed\n\
    SubState=failed\nStateChangeTimestampMonotonic=6152756522\nInvocationID=990ce3c89eb8462184bdce8f8b2a372b\n";
/// Recorded likewise: a service that was stopped, is not enabled, and so was forgotten.
const STOPPED: &str = "MainPID=0\nResult=success\nNRestarts=0\nExecMainStartTimestampMonotonic=0\nExecMainCode=0\n\
    ExecMainStatus=0\nControlGroup=\nId=app.service\nLoadState=loaded\nActiveState=inactive\nSubState=dead\n\
    StateChangeTimestampMonotonic=0\nInvocationID=\n";
/// Recorded likewise, under another name: no such unit.
const UNKNOWN: &str = "MainPID=0\nResult=success\nNRestarts=0\nExecMainStartTimestampMonotonic=0\nExecMainCode=0\n\
    ExecMainStatus=0\nControlGroup=\nId=app.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n\
    StateChangeTimestampMonotonic=0\nInvocationID=\n";

fn with_units(show: &str) -> World {
    let world = World::new(|_| HostSource::None, None, |_| HostManage::Units(vec!["app.service".to_owned()]));
    put(&world.path("show"), show);
    let script = "#!/bin/sh\necho \"$@\" >> \"$HOME/calls\"\n[ \"$1\" = show ] && cat \"$HOME/show\"\nexit 0\n";
    put(&world.path("bin/systemctl"), script);
    fs::set_permissions(world.path("bin/systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    world
}

#[tokio::test]
async fn a_running_unit_is_read_and_restarted() {
    let world = with_units(RUNNING);
    let running = world.running().await;
    assert!(running.is_well());
    assert_eq!((running.instances[0].id.as_str(), running.instances[0].restarts), ("app.service", 1));
    put(&world.path("calls"), "");
    world.restart().await;
    let calls = fs::read_to_string(world.path("calls")).unwrap();
    assert!(calls.ends_with("restart --no-ask-password -- app.service\n"), "{calls}");
}

#[tokio::test]
async fn a_crashed_unit_has_its_exit_code() {
    let world = with_units(CRASHED);
    assert_eq!(world.state().await, InstanceState::Exited { code: 137, out_of_memory: false });
}

#[tokio::test]
async fn a_stopped_unit_that_systemd_forgot_does_not_run() {
    let world = with_units(STOPPED);
    assert_eq!(world.state().await, InstanceState::Created);
    assert!(!world.running().await.is_well());
}

#[tokio::test]
async fn a_unit_that_systemd_does_not_know_is_absent() {
    assert_eq!(with_units(UNKNOWN).fact().await.seen, Seen::Absent);
}

#[tokio::test]
async fn without_systemd_the_look_says_so() {
    let world = World::new(|_| HostSource::None, None, |_| HostManage::Units(vec!["app.service".to_owned()]));
    put(&world.path("bin/systemctl"), "#!/bin/sh\necho 'System has not been booted with systemd' >&2\nexit 1\n");
    fs::set_permissions(world.path("bin/systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let Seen::Unknown { why } = world.fact().await.seen else { panic!("known") };
    assert!(why.contains("not been booted with systemd"), "{why}");
}

#[tokio::test]
async fn evidence_is_the_status_and_the_journal() {
    let names: Vec<String> =
        with_units(CRASHED).platform_evidence().await.into_iter().map(|evidence| evidence.name).collect();
    assert_eq!(names, ["app.service.status.txt", "app.service.log"]);
}

impl World {
    async fn platform_evidence(&self) -> Vec<backout_core::port::Evidence> {
        self.platform.evidence(&self.service).await
    }
}
