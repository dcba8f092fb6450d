//! The view from elsewhere: the unit's process numbers are not this side's.

use std::time::Duration;

use crate::machine::Machine;
use crate::world::{UNIT, Way, World};

const SLEEPS: &str = "WorkingDirectory={root}/current\nExecStart=/bin/sh -c 'exec sleep 1000'";

async fn release_is_told_by_time_alone(test: &str, way: Way) {
    let Some(machine) = Machine::start(test) else { return };
    let programs = format!("{}:/usr/local/bin:/usr/bin:/bin", machine.programs().display());
    let bus = machine.bus();
    let variables = [("PATH", programs.as_str()), ("DBUS_SYSTEM_BUS_ADDRESS", bus.as_str())];
    let world = World::new(machine.folder(), way, &variables);
    world.unit(UNIT, SLEEPS);
    world.restart().await.unwrap();
    let good = world.capture().await;
    assert_eq!(good.version.code, "release:1");
    // A start so shortly before the move cannot be told from one after it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.deploy("2");
    assert_eq!(world.code().await, "release:?", "it was started before, and nothing here shows from what");
    world.restart().await.unwrap();
    assert_eq!(world.code().await, "release:2");
    world.go_back(&good).await.unwrap();
    assert_eq!(world.code().await, "release:1");
    assert!(world.running().await.is_well());
}

#[tokio::test]
async fn a_process_number_of_elsewhere_proves_nothing_over_the_bus() {
    release_is_told_by_time_alone("outside::a_process_number_of_elsewhere_proves_nothing_over_the_bus", Way::Bus).await;
}

#[tokio::test]
async fn a_process_number_of_elsewhere_proves_nothing_through_systemctl() {
    let test = "outside::a_process_number_of_elsewhere_proves_nothing_through_systemctl";
    release_is_told_by_time_alone(test, Way::Systemctl).await;
}
