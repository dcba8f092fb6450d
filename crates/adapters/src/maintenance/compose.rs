//! Services of a Compose profile that are started while maintenance mode is on.
//!
//! Contract: those that ran before are left alone by `off`; the others are stopped and removed again.

use std::time::Duration;

use backout_core::journal::Former;
use backout_core::port::{Barrier, Blobs, Pending, PortError};

use crate::command::Command;
use crate::compose::{ComposeOptions, project};

/// How long one command may take; an image may have to be fetched.
const WITHIN: Duration = Duration::from_secs(110);

/// A profile of one Compose project.
#[derive(Debug, Clone)]
pub struct ComposeBarrier {
    /// `docker compose` with the options that name the project and the profile.
    compose: Command,
    profile: String,
    services: Vec<String>,
}

impl ComposeBarrier {
    /// No services stand for all of the profile.
    #[must_use]
    pub fn new(options: &ComposeOptions, profile: &str, services: Vec<String>) -> Self {
        let compose = project(options).args(["--profile", profile]).limit(WITHIN);
        Self { compose, profile: profile.to_owned(), services }
    }

    /// The services that are switched: those named, else those that the project has with the profile only.
    async fn of_profile(&self) -> Result<Vec<String>, PortError> {
        if !self.services.is_empty() {
            return Ok(self.services.clone());
        }
        let text = self.compose.clone().args(["config", "--format", "json"]).run().await?.text();
        let services = with_profile(&text, &self.profile);
        if services.is_empty() {
            return Err(PortError::new(format!("the project has no service with the profile `{}`", self.profile))
                .hint("give one `profiles:` in the Compose file, or name the services"));
        }
        Ok(services)
    }

    async fn running(&self) -> Result<Vec<String>, PortError> {
        let output = self.compose.clone().args(["ps", "--services", "--status", "running"]).run().await?;
        Ok(output.text().lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
    }

    async fn up(&self) -> Result<String, PortError> {
        let services = self.of_profile().await?;
        self.compose.clone().args(["up", "-d", "--no-deps"]).args(services.clone()).run().await?;
        let running = self.running().await?;
        match services.iter().find(|service| !running.contains(service)) {
            None => Ok(format!("{} run", services.join(", "))),
            Some(missing) => {
                Err(PortError::new(format!("`{missing}` does not run")).hint("see why: `docker compose logs`"))
            }
        }
    }

    async fn down(&self, former: &Former) -> Result<String, PortError> {
        let Former::Services { running: kept } = former else {
            return Err(PortError::new("what was kept of it is not about a profile")
                .hint("the configuration has changed since it was switched on: undo it by hand"));
        };
        let services = self.of_profile().await?;
        let ours: Vec<String> = services.into_iter().filter(|service| !kept.contains(service)).collect();
        if ours.is_empty() {
            return Ok("nothing of it was started".to_owned());
        }
        self.compose.clone().args(["rm", "--stop", "--force"]).args(ours.clone()).run().await?;
        let running = self.running().await?;
        match ours.iter().find(|service| running.contains(service)) {
            None => Ok(format!("{} no longer run", ours.join(", "))),
            Some(left) => Err(PortError::new(format!("`{left}` still runs"))),
        }
    }
}

impl Barrier for ComposeBarrier {
    fn name(&self) -> String {
        format!("profile {}", self.profile)
    }

    fn look<'a>(&'a self, _: &'a dyn Blobs) -> Pending<'a, Result<Former, PortError>> {
        Box::pin(async move {
            let (services, running) = (self.of_profile().await?, self.running().await?);
            Ok(Former::Services { running: services.into_iter().filter(|it| running.contains(it)).collect() })
        })
    }

    fn raise<'a>(&'a self, _: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(self.up())
    }

    fn lower<'a>(&'a self, former: &'a Former, _: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>> {
        Box::pin(self.down(former))
    }
}

/// The services of a project, as `docker compose config --format json` prints it, that have the profile.
fn with_profile(text: &str, profile: &str) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let services = document.get("services").and_then(serde_json::Value::as_object).into_iter().flatten();
    let has = |service: &serde_json::Value| {
        let profiles = service.get("profiles").and_then(serde_json::Value::as_array);
        profiles.is_some_and(|profiles| profiles.iter().any(|it| it == profile))
    };
    services.filter(|(_, service)| has(service)).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_services_of_the_profile_are_switched() {
        let text = r#"{"services":{"app":{},"page":{"profiles":["maintenance"]},"debug":{"profiles":["debug"]}}}"#;
        assert_eq!(with_profile(text, "maintenance"), ["page"]);
        assert!(with_profile("not json", "maintenance").is_empty());
    }
}
