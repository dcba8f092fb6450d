//! Skipping a test by name: what cannot be had on a machine is counted, never passed over in silence.

use std::fs::OpenOptions;
use std::io::Write;

/// The file that `cargo xtask test` reads the skipped tests from.
const LOG: &str = "BACKOUT_SKIP_LOG";

/// Says that a test is skipped and why: one line `name: reason` in the file that `BACKOUT_SKIP_LOG` names, and on the
/// terminal. The test returns right after.
///
/// # Panics
/// Where the file cannot be written to: a skip that nobody counts would look like a pass.
#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
#[expect(clippy::print_stderr, reason = "a person who runs one test by hand shall see it too")]
#[expect(clippy::expect_used, reason = "a skip that is not counted must fail the test")]
pub fn skip(name: &str, reason: &str) {
    let line = format!("{name}: {}\n", reason.replace('\n', " "));
    eprint!("skipped {line}");
    if let Some(path) = std::env::var_os(LOG) {
        let log = OpenOptions::new().create(true).append(true).open(&path);
        // One write, so that the lines of tests that run at the same time do not mix.
        log.and_then(|mut log| log.write_all(line.as_bytes()))
            .expect("BACKOUT_SKIP_LOG must name a file that can be written");
    }
}
