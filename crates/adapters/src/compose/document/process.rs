//! What a container executes: command, environment, health check, labels. What its image says already is left out.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{ContainerConfig, HealthConfig, HostConfig, ImageConfig, RestartPolicyNameEnum};
use serde_json::{Map, Value, json};

use super::service::Service;
use crate::compose::container::{Container, label};

/// Rebuilds the keys that say what is executed.
pub(super) fn rebuild(service: &mut Service, container: &Container, image: Option<&ImageConfig>) {
    let Some(config) = container.config() else { return };
    let unknown = ImageConfig::default();
    let image = image.unwrap_or(&unknown);
    arguments(service, config, image);
    service.set_exactly("environment", environment(config, image));
    service.set("user", differing(&config.user, &image.user));
    service.set("working_dir", differing(&config.working_dir, &image.working_dir));
    service.set("stop_signal", differing(&config.stop_signal, &image.stop_signal));
    service.set("stop_grace_period", config.stop_timeout.map(|seconds| format!("{seconds}s")));
    service.set("domainname", config.domainname.clone());
    service.set("hostname", own_hostname(config, container));
    service.set("tty", config.tty.unwrap_or(false));
    service.set("stdin_open", config.open_stdin.unwrap_or(false));
    service.set("labels", labels(config, image));
    match &config.healthcheck {
        check if *check == image.healthcheck => service.remove(&["healthcheck"]),
        check => service.set("healthcheck", check.as_ref().map(healthcheck)),
    }
    service.set("restart", container.host_config().and_then(restart));
}

/// A command of one's own, or a program of one's own: Docker drops the image's command where the program is replaced, so
/// the two go together.
fn arguments(service: &mut Service, config: &ContainerConfig, image: &ImageConfig) {
    let has_own_program = config.entrypoint != image.entrypoint;
    let has_own_arguments = has_own_program || config.cmd != image.cmd;
    service.remove(&["entrypoint", "command"]);
    if has_own_program {
        service.set_exactly("entrypoint", config.entrypoint.clone().unwrap_or_default());
    }
    if has_own_arguments {
        service.set("command", config.cmd.clone());
    }
}

fn environment(config: &ContainerConfig, image: &ImageConfig) -> Value {
    let from_image = image.env.as_deref().unwrap_or_default();
    let own = config.env.iter().flatten().filter(|variable| !from_image.contains(variable));
    own.filter_map(|variable| variable.split_once('=')).map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

fn labels(config: &ContainerConfig, image: &ImageConfig) -> Value {
    let nothing = HashMap::new();
    let from_image = image.labels.as_ref().unwrap_or(&nothing);
    let is_own = |(name, value): &(&String, &String)| {
        from_image.get(*name) != Some(*value) && !name.starts_with(label::COMPOSE) && !name.starts_with(label::OURS)
    };
    let own: BTreeMap<&String, &String> = config.labels.iter().flatten().filter(is_own).collect();
    json!(own)
}

/// The engine names a container after its id unless told otherwise.
fn own_hostname(config: &ContainerConfig, container: &Container) -> Option<String> {
    let shares_the_hosts = container.host_config().and_then(|host| host.network_mode.as_deref()) == Some("host");
    config.hostname.clone().filter(|name| !shares_the_hosts && !container.id().starts_with(name.as_str()))
}

fn healthcheck(check: &HealthConfig) -> Value {
    let mut keys = Map::from_iter([("test".to_owned(), json!(check.test))]);
    let times = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start_period", check.start_period),
        ("start_interval", check.start_interval),
    ];
    let set = times.into_iter().filter_map(|(key, time)| Some((key, time.filter(|time| *time > 0)?)));
    keys.extend(set.map(|(key, nanoseconds)| (key.to_owned(), json!(format!("{nanoseconds}ns")))));
    keys.extend(check.retries.filter(|retries| *retries > 0).map(|retries| ("retries".to_owned(), json!(retries))));
    Value::Object(keys)
}

fn restart(host: &HostConfig) -> Option<String> {
    let policy = host.restart_policy.as_ref()?;
    match (policy.name?, policy.maximum_retry_count.unwrap_or(0)) {
        (RestartPolicyNameEnum::ON_FAILURE, count @ 1..) => Some(format!("on-failure:{count}")),
        (RestartPolicyNameEnum::ON_FAILURE, _) => Some("on-failure".to_owned()),
        (RestartPolicyNameEnum::ALWAYS, _) => Some("always".to_owned()),
        (RestartPolicyNameEnum::UNLESS_STOPPED, _) => Some("unless-stopped".to_owned()),
        (RestartPolicyNameEnum::NO | RestartPolicyNameEnum::EMPTY, _) => None,
    }
}

fn differing(own: &Option<String>, from_image: &Option<String>) -> Option<String> {
    own.clone().filter(|own| Some(own) != from_image.as_ref())
}
