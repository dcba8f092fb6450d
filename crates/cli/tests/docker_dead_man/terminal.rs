//! The terminal that the guard runs in is closed.

use std::process::Command;
use std::time::Duration;

use super::{BACK_WITHIN, assert_switch_ends, assert_taken_over, await_kind, await_result, running_well};
use backout_testkit::guarded::{Running, wait_until};
use backout_testkit::skip::skip;

/// `script` gives the guard a terminal of its own; killing it hangs that terminal up.
#[test]
fn a_closed_terminal_leaves_the_switch_to_finish() {
    let test = "a_closed_terminal_leaves_the_switch_to_finish";
    let Some((guarded, good)) = running_well(test) else { return };
    let _ = guarded.version("v2", "fail-after:2500");
    guarded.project().write("deploy.sh", &guarded.deploy(&[("app", "v2")])[2]);
    let Some(terminal) = terminal(&guarded, test) else { return };
    await_kind(&guarded, "after_seen");
    let armed = guarded.journal().newest("armed").unwrap().body["pid"].as_u64().unwrap();
    terminal.kill();
    std::thread::sleep(Duration::from_millis(300));
    assert!(super::is_running(armed), "the switch was hung up together with the terminal");
    wait_until("the old version", BACK_WITHIN, || guarded.all_run(&good));
    assert_eq!(await_result(&guarded), "rolled_back");
    assert_taken_over(&guarded);
    assert_switch_ends(&guarded);
}

/// Starts a guard of `deploy.sh` in a terminal.
#[expect(clippy::disallowed_methods, reason = "a test of the binary starts it as a person would")]
fn terminal(guarded: &backout_testkit::guarded::Guarded, test: &str) -> Option<Running> {
    let guard = guarded.command(&["guard", "--", "sh", "deploy.sh"]);
    let words = std::iter::once(guard.get_program()).chain(guard.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    if !Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success()) {
        skip(test, "there is no `script` (util-linux) to make a terminal with");
        return None;
    }
    let mut command = Command::new("script");
    command.args(["--quiet", "--flush", "--return", "--command", &format!("exec {}", words.join(" "))]);
    command.arg("/dev/null").current_dir(guarded.folder());
    Some(Running::start(command))
}
