//! A state directory on a disk that is full, or cannot be written to.

use std::time::Duration;

use backout_testkit::guarded::{Ended, Guarded, Seen, Service, wait_until};
use backout_testkit::skip::skip;
use backout_testkit::small_disk::SmallDisk;

use super::await_kind;

/// Enough for a few runs, in KiB.
const SIZE: u32 = 4096;

/// A service that runs version 1, known to be good, with the state on a disk of its own.
fn on_a_small_disk(test: &str) -> Option<(Guarded, SmallDisk)> {
    let disk = SmallDisk::mount(SIZE).map_err(|reason| skip(test, &reason)).ok()?;
    let mut guarded = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &[Service::new("app")])?;
    guarded.move_state(&disk.path().join("state"));
    guarded.start_well();
    Some((guarded, disk))
}

/// Asserts that the error names the state directory and says those things.
fn assert_says(ended: &Ended, guarded: &Guarded, said: &[&str]) {
    let folder = guarded.state().display().to_string();
    for said in said.iter().chain([&folder.as_str()]) {
        assert!(ended.stderr.contains(said), "`{said}` is not said:\n{}", ended.stderr);
    }
}

/// Asserts that the deploy was not begun.
fn assert_untouched(guarded: &Guarded, before: &Seen) {
    let now = guarded.one("app");
    assert_eq!((&now.id, &now.started_at), (&before.id, &before.started_at));
    assert!(!guarded.folder().join("deployed").exists(), "the deploy command was started");
}

/// The deploy command of most tests here: leaves a file.
fn touch() -> Vec<String> {
    ["touch", "deployed"].map(str::to_owned).to_vec()
}

#[test]
fn a_full_disk_keeps_a_guard_from_beginning() {
    let Some((guarded, disk)) = on_a_small_disk("a_full_disk_keeps_a_guard_from_beginning") else { return };
    let before = guarded.one("app");
    let filler = disk.fill().unwrap();
    let ended = guarded.guard(&touch()).wait().expect_code(1);
    assert_says(&ended, &guarded, &["no space left on the device", "free some space there"]);
    assert_untouched(&guarded, &before);
    guarded.backout(&["status"]).expect_code(0);
    std::fs::remove_file(filler).unwrap();
    wait_until("the environment to be free", Duration::from_secs(5), || {
        let code = guarded.guard(&touch()).wait().code;
        assert!([0, 7].contains(&code), "{code}");
        code == 0
    });
    assert!(guarded.folder().join("deployed").exists());
    guarded.backout(&["history", "--verify"]).expect_code(0);
}

#[test]
fn a_disk_that_fills_up_during_the_soak_stops_the_guard_and_the_switch_goes_on_when_there_is_space() {
    let test = "a_disk_that_fills_up_during_the_soak_stops_the_guard_and_the_switch_goes_on_when_there_is_space";
    let Some((guarded, disk)) = on_a_small_disk(test) else { return };
    let (good, bad) = (guarded.one("app").image, guarded.version("v2", "fail-after:1500"));
    let guard = guarded.guard(&guarded.deploy(&[("app", "v2")]));
    await_kind(&guarded, "after_seen");
    let filler = disk.fill().unwrap();
    let ended = guard.wait().expect_code(1);
    assert_says(&ended, &guarded, &["no space left on the device", "free some space there"]);
    // Longer than the switch waits for a silent guard: it cannot record that it takes over, and changes nothing.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(guarded.one("app").image, bad);
    std::fs::remove_file(filler).unwrap();
    wait_until("the old version", Duration::from_secs(15), || guarded.all_run(&good));
    assert_eq!(await_kind(&guarded, "run_ended").text("/result"), Some("rolled_back"));
    guarded.backout(&["history", "--verify"]).expect_code(0);
}

#[test]
fn a_state_directory_that_cannot_be_written_to_can_still_be_read() {
    let test = "a_state_directory_that_cannot_be_written_to_can_still_be_read";
    let Some((guarded, disk)) = on_a_small_disk(test) else { return };
    let before = guarded.one("app");
    disk.make_read_only().unwrap();
    for arguments in [["guard", "--", "touch", "deployed"].as_slice(), &["rollback", "--yes"]] {
        let ended = guarded.backout(arguments).expect_code(1);
        assert_says(&ended, &guarded, &["read-only", "--state"]);
    }
    assert_untouched(&guarded, &before);
    for arguments in [["status"].as_slice(), &["history"], &["checkpoint", "list"]] {
        guarded.backout(arguments).expect_code(0);
    }
}
