//! The demo's application, running in a place after its demo.

use std::fs;
use std::time::Duration;

use crate::place::Place;

/// What its configuration file holds, and nobody may print.
pub(crate) const SECRET: &str = "planted-secret-of-the-test";

/// A place with the demo's application running in version 1, and a configuration file that goes back with it. Stops it when
/// dropped.
pub(crate) struct Running(pub(crate) Place);

impl Running {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        place.run(&["demo", "-q", "--keep", "."]).well();
        let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
        let with_file = config.replace("        probes:", "        artifacts: { config: [app.conf] }\n        probes:");
        assert_ne!(config, with_file);
        place.write("backout.yaml", &with_file);
        place.write("app.conf", &format!("password = {SECRET}\n"));
        place.script("deploy.sh", "1").well();
        let running = Self(place);
        running.await_healthy();
        running
    }

    fn await_healthy(&self) {
        for _ in 0..100 {
            if self.0.run(&["verify"]).code == Some(0) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("version 1 does not become healthy: {}", self.0.run(&["verify"]).shown());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The service has no stop of its own on the command line: its processes are in its state file.
        let state = fs::read_to_string(self.0.work().join(".backout/host/demo/web.json")).unwrap_or_default();
        let state: serde_json::Value = serde_json::from_str(&state).unwrap_or_default();
        for process in [&state["supervisor"]["pid"], &state["process"]["pid"]] {
            let pid = process.as_i64().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?));
            if let Some(pid) = pid {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}
