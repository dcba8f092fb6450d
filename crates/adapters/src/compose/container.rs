//! What the engine says of one container, in our words.

use backout_core::inventory::{Health, Instance, InstanceState, Version};
use bollard::models::{
    ContainerConfig, ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, HealthConfig,
    HealthStatusEnum, HostConfig,
};
use jiff::Timestamp;

/// Labels that Compose puts on its containers; version 1 puts the same ones.
pub(super) mod label {
    /// The project's name.
    pub(in crate::compose) const PROJECT: &str = "com.docker.compose.project";
    /// The service's name in the project.
    pub(in crate::compose) const SERVICE: &str = "com.docker.compose.service";
    /// `True` on containers of `docker compose run`.
    pub(in crate::compose) const ONEOFF: &str = "com.docker.compose.oneoff";
    /// The digest of what the container was made from.
    pub(in crate::compose) const CONFIG_HASH: &str = "com.docker.compose.config-hash";
    /// What all of Compose's labels begin with.
    pub(in crate::compose) const COMPOSE: &str = "com.docker.compose.";
    /// What all of our labels begin with.
    pub(in crate::compose) const OURS: &str = "dev.backout.";
    /// On a container that was put back: the config hash of the one that was captured.
    pub(in crate::compose) const SPEC: &str = "dev.backout.spec";
    /// On a container that was put back: the image as the project names it.
    pub(in crate::compose) const IMAGE: &str = "dev.backout.image";
    /// On a container that only holds an image: the checkpoint that it is held for.
    pub(in crate::compose) const HOLDS_FOR: &str = "dev.backout.holds-for";
}

/// How long a container gets to stop unless it says otherwise.
const DEFAULT_GRACE_MS: u64 = 10_000;

/// One container of a project.
#[derive(Debug, Clone)]
pub(super) struct Container(ContainerInspectResponse);

impl Container {
    pub(super) fn new(inspected: ContainerInspectResponse) -> Self {
        Self(inspected)
    }

    pub(super) fn inspected(&self) -> &ContainerInspectResponse {
        &self.0
    }

    pub(super) fn config(&self) -> Option<&ContainerConfig> {
        self.0.config.as_ref()
    }

    pub(super) fn host_config(&self) -> Option<&HostConfig> {
        self.0.host_config.as_ref()
    }

    pub(super) fn id(&self) -> &str {
        self.0.id.as_deref().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.0.name.as_deref().unwrap_or_default().trim_start_matches('/')
    }

    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.config()?.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// The service's name in the project.
    pub(super) fn service(&self) -> &str {
        self.label(label::SERVICE).unwrap_or_default()
    }

    /// The id of the image that it was made from.
    pub(super) fn image_id(&self) -> &str {
        self.0.image.as_deref().unwrap_or_default()
    }

    /// The image as the project names it.
    pub(super) fn image_name(&self) -> &str {
        let configured = self.config().and_then(|config| config.image.as_deref());
        self.label(label::IMAGE).or(configured).unwrap_or_default()
    }

    pub(super) fn version(&self) -> Version {
        let spec = self.label(label::SPEC).or_else(|| self.label(label::CONFIG_HASH)).unwrap_or_default();
        Version { code: self.image_id().to_owned(), spec: spec.to_owned() }
    }

    /// The version for a person: `shop/app:1.4 (f9f5dfe6674b)`.
    pub(super) fn words(&self) -> String {
        let id = self.image_id().trim_start_matches("sha256:");
        let short = id.get(..12).unwrap_or(id);
        match self.image_name() {
            name if name.is_empty() || name.trim_start_matches("sha256:").starts_with(short) => short.to_owned(),
            name => format!("{name} ({short})"),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.state() == InstanceState::Running
    }

    /// How long it may take to stop, in milliseconds.
    pub(super) fn stop_grace_ms(&self) -> u64 {
        let seconds = self.config().and_then(|config| config.stop_timeout);
        seconds.and_then(|seconds| u64::try_from(seconds).ok()).map_or(DEFAULT_GRACE_MS, |seconds| seconds * 1000)
    }

    /// Its health check, where there is one that does something.
    pub(super) fn healthcheck(&self) -> Option<&HealthConfig> {
        let check = self.config()?.healthcheck.as_ref()?;
        let is_off = check.test.as_ref().is_none_or(|test| test.is_empty() || test[0] == "NONE");
        (!is_off).then_some(check)
    }

    /// How long after its start the health check may fail without meaning anything, in milliseconds.
    pub(super) fn start_period_ms(&self) -> u64 {
        let nanoseconds = self.healthcheck().and_then(|check| check.start_period).unwrap_or(0);
        u64::try_from(nanoseconds / 1_000_000).unwrap_or(0)
    }

    pub(super) fn instance(&self) -> Instance {
        Instance {
            id: self.id().to_owned(),
            name: self.name().to_owned(),
            version: self.version(),
            state: self.state(),
            health: self.health(),
            since: self.since(),
            restarts: self.0.restart_count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
        }
    }

    fn state(&self) -> InstanceState {
        let Some(state) = &self.0.state else { return InstanceState::Created };
        match state.status {
            Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::STOPPING) => InstanceState::Running,
            Some(ContainerStateStatusEnum::PAUSED) => InstanceState::Paused,
            Some(ContainerStateStatusEnum::RESTARTING) => InstanceState::Restarting,
            Some(
                ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING,
            ) => InstanceState::Exited {
                code: state.exit_code.unwrap_or(-1),
                out_of_memory: state.oom_killed.unwrap_or(false),
            },
            Some(ContainerStateStatusEnum::CREATED | ContainerStateStatusEnum::EMPTY) | None => InstanceState::Created,
        }
    }

    fn health(&self) -> Health {
        if self.healthcheck().is_none() {
            return Health::Unchecked;
        }
        let health = self.0.state.as_ref().and_then(|state| state.health.as_ref()?.status);
        match health {
            Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
            Some(HealthStatusEnum::UNHEALTHY) => Health::Unhealthy,
            Some(HealthStatusEnum::STARTING | HealthStatusEnum::EMPTY | HealthStatusEnum::NONE) | None => {
                Health::Starting
            }
        }
    }

    /// When it was made; it stays the same however often it is started.
    pub(super) fn created_at(&self) -> Option<Timestamp> {
        self.0.created.clone()?.parse().ok()
    }

    fn since(&self) -> Option<Timestamp> {
        let moment = |state: &ContainerState| match self.state() {
            InstanceState::Exited { .. } | InstanceState::Restarting => state.finished_at.clone(),
            InstanceState::Running | InstanceState::Paused => state.started_at.clone(),
            InstanceState::Created => self.0.created.clone(),
        };
        let since: Timestamp = self.0.state.as_ref().and_then(moment)?.parse().ok()?;
        // The engine's zero time is the year 1.
        (since > Timestamp::UNIX_EPOCH).then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn container(extra: Value) -> Container {
        let mut base = json!({
            "Id": "a9f9ad1516fa00", "Name": "/shop_app_1", "Image": "sha256:f9f5dfe6674b55875a", "RestartCount": 2,
            "Created": "2026-11-21T01:00:00Z",
            "State": {"Status": "running", "StartedAt": "2026-11-21T01:00:01.5Z", "FinishedAt": "0001-01-01T00:00:00Z"},
            "Config": {"Image": "shop/app:1", "Labels": {"com.docker.compose.service": "app",
                "com.docker.compose.config-hash": "h1", "com.docker.compose.version": "1.29.2"}},
        });
        for (pointer, value) in extra.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            base.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        Container::new(serde_json::from_value(base).unwrap())
    }

    #[test]
    fn a_container_of_compose_version_1_is_read_like_any_other() {
        let instance = container(json!({})).instance();
        assert_eq!(instance.name, "shop_app_1");
        assert_eq!(instance.version, Version { code: "sha256:f9f5dfe6674b55875a".to_owned(), spec: "h1".to_owned() });
        assert_eq!((instance.state, instance.health), (InstanceState::Running, Health::Unchecked));
        assert_eq!(instance.since.unwrap().to_string(), "2026-11-21T01:00:01.5Z");
        assert_eq!(instance.restarts, 2);
    }

    #[test]
    fn a_container_that_was_put_back_has_the_version_that_was_captured() {
        let labels = json!({"/Config/Labels/dev.backout.spec": "h0", "/Config/Labels/dev.backout.image": "shop/app:0",
            "/Config/Image": "sha256:f9f5dfe6674b55875a"});
        let container = container(labels);
        assert_eq!(container.version().spec, "h0");
        assert_eq!(container.words(), "shop/app:0 (f9f5dfe6674b)");
    }

    #[test]
    fn a_killed_container_says_so() {
        let state = json!({"/State": {"Status": "exited", "ExitCode": 137, "OOMKilled": true}});
        let expected = InstanceState::Exited { code: 137, out_of_memory: true };
        assert_eq!(container(state).instance().state, expected);
    }

    #[test]
    fn a_health_check_that_is_switched_off_is_none() {
        let off = json!({"/Config/Healthcheck": {"Test": ["NONE"]}});
        assert_eq!(container(off).instance().health, Health::Unchecked);
        let starting = json!({"/Config/Healthcheck": {"Test": ["CMD", "x"], "StartPeriod": 3_000_000_000_i64}});
        let container = container(starting);
        assert_eq!(container.instance().health, Health::Starting);
        assert_eq!(container.start_period_ms(), 3000);
    }
}
