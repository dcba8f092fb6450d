//! A site of `examples/host`, version 1 of which runs and is known to be good.

use std::path::PathBuf;

use backout_testkit::docker::free_port;
use backout_testkit::guarded::{end_all_of, wait_until};
use backout_testkit::told::copy_examples;

use super::runner::{run, variables};
use crate::place::Place;

/// The site. What runs of it is ended when this is dropped.
pub(super) struct Site {
    pub(super) place: Place,
}

impl Site {
    /// Version 1 serves; its checkpoint is in a state directory beside the project.
    pub(super) fn new() -> Self {
        let place = Place::new();
        copy_examples(&place.work(), &[("8080".to_owned(), free_port().to_string())]);
        let site = Self { place };
        site.shell("./deploy.sh 1");
        wait_until("version 1 to serve", std::time::Duration::from_secs(30), || site.holds());
        site.shell("backout checkpoint create");
        site
    }

    /// The project's folder.
    pub(super) fn project(&self) -> PathBuf {
        self.place.work().join("examples/host")
    }

    /// The state directory, which outlives jobs.
    pub(super) fn state(&self) -> String {
        self.place.temporary().join("state").display().to_string()
    }

    /// Adds to the environment of the configuration.
    pub(super) fn configure(&self, more: &str) {
        let text = std::fs::read_to_string(self.project().join("backout.yaml")).unwrap();
        self.place.write("examples/host/backout.yaml", &format!("{text}    {more}\n"));
    }

    /// The release that is served.
    pub(super) fn serves(&self) -> String {
        let link = std::fs::read_link(self.project().join("site/current")).unwrap();
        link.file_name().unwrap().to_string_lossy().into_owned()
    }

    fn holds(&self) -> bool {
        self.code("backout verify") == 0
    }

    fn shell(&self, script: &str) {
        assert_eq!(self.code(script), 0, "{script}");
    }

    fn code(&self, script: &str) -> i32 {
        let mut variables = variables(&self.project());
        variables.insert("BACKOUT_STATE".to_owned(), self.state());
        run(&["sh", "-e"], script, &self.project(), &variables).code
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        end_all_of(&self.place.work());
    }
}
