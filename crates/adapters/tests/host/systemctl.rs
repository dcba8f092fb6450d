//! The way over `systemctl`, with a double of that name: a script that writes down how it was called and prints recorded
//! output of systemd 252.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use backout_core::config::{HostManage, HostSource};
use backout_core::inventory::{InstanceState, Seen};
use backout_core::port::Platform;

use crate::world::{World, put};

/// Recorded with `systemctl show` on Debian 12, process ids and times replaced.
const RUNNING: &str = "Id=app.service\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=PID\n\
    ExecMainCode=0\nExecMainStatus=0\nResult=success\nNRestarts=2\nInvocationID=6f0c\n\
    ExecMainStartTimestampMonotonic=1000000\nStateChangeTimestampMonotonic=1000100\n";
const CRASHED: &str = "Id=app.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\nMainPID=0\n\
    ExecMainCode=2\nExecMainStatus=9\nResult=oom-kill\nNRestarts=0\nInvocationID=6f0c\n\
    ExecMainStartTimestampMonotonic=1000000\nStateChangeTimestampMonotonic=9000000\n";
const UNKNOWN: &str = "Id=app.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n";

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
    let world = with_units(&RUNNING.replace("PID", &std::process::id().to_string()));
    let running = world.running().await;
    assert!(running.is_well());
    assert_eq!((running.instances[0].id.as_str(), running.instances[0].restarts), ("app.service", 2));
    put(&world.path("calls"), "");
    world.restart().await;
    let calls = fs::read_to_string(world.path("calls")).unwrap();
    assert!(calls.ends_with("restart --no-ask-password -- app.service\n"), "{calls}");
}

#[tokio::test]
async fn a_crashed_unit_has_its_exit_code() {
    let world = with_units(CRASHED);
    assert_eq!(world.state().await, InstanceState::Exited { code: 137, out_of_memory: true });
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
