//! What a container may use: limits, capabilities, devices, names. What is the engine's default is left out.

use bollard::models::HostConfig;
use serde_json::{Map, Value, json};

use super::service::Service;

/// The engine's size of `/dev/shm` unless told otherwise.
const DEFAULT_SHM: i64 = 64 * 1024 * 1024;

/// Rebuilds the keys that say what may be used.
pub(super) fn rebuild(service: &mut Service, host: &HostConfig) {
    // Limits come back below, under the keys that `docker inspect` can be compared with.
    if let Some(resources) = service.get_mut("deploy").and_then(|deploy| deploy.get_mut("resources")) {
        resources.as_object_mut().map(|resources| resources.remove("limits"));
    }
    limits(service, host);
    rights(service, host);
    names(service, host);
    service.set("init", host.init.unwrap_or(false));
    service.set("runtime", host.runtime.clone().filter(|runtime| runtime != "runc"));
    service.set("shm_size", host.shm_size.filter(|size| *size != DEFAULT_SHM));
    service.set("sysctls", json!(host.sysctls));
    service.set("tmpfs", tmpfs(host));
    service.set("logging", logging(host));
    service.set("ulimits", ulimits(host));
}

fn limits(service: &mut Service, host: &HostConfig) {
    let memory = host.memory.unwrap_or(0);
    service.set("mem_limit", memory);
    service.set("mem_reservation", host.memory_reservation);
    service.set("memswap_limit", host.memory_swap.filter(|swap| *swap != memory.saturating_mul(2)));
    service.set("cpu_shares", host.cpu_shares);
    service.set("cpu_quota", host.cpu_quota);
    service.set("cpu_period", host.cpu_period);
    service.set("cpuset", host.cpuset_cpus.clone());
    service.set("pids_limit", host.pids_limit);
    service.set("oom_score_adj", host.oom_score_adj);
    service.set("oom_kill_disable", host.oom_kill_disable.unwrap_or(false));
    let cpus = host.nano_cpus.filter(|cpus| *cpus > 0);
    service.set("cpus", cpus.map(|cpus| format!("{}.{:09}", cpus / 1_000_000_000, cpus % 1_000_000_000)));
}

fn rights(service: &mut Service, host: &HostConfig) {
    service.set("privileged", host.privileged.unwrap_or(false));
    service.set("read_only", host.readonly_rootfs.unwrap_or(false));
    service.set("cap_add", host.cap_add.clone());
    service.set("cap_drop", host.cap_drop.clone());
    service.set("security_opt", host.security_opt.clone());
    service.set("group_add", host.group_add.clone());
    service.set("device_cgroup_rules", host.device_cgroup_rules.clone());
    service.set("devices", devices(host));
    service.set("cgroup_parent", host.cgroup_parent.clone());
    service.set("userns_mode", host.userns_mode.clone());
}

fn names(service: &mut Service, host: &HostConfig) {
    service.set("dns", host.dns.clone());
    service.set("dns_opt", host.dns_options.clone());
    service.set("dns_search", host.dns_search.clone());
    service.set("extra_hosts", host.extra_hosts.clone());
    service.set("uts", host.uts_mode.clone());
    // Another container's namespace is named by an id that will not be there again; the files name it by service.
    for (key, mode, default) in [("pid", &host.pid_mode, ""), ("ipc", &host.ipc_mode, "private")] {
        match mode.as_deref() {
            Some(mode) if mode.starts_with("container:") => {}
            mode => service.set(key, mode.filter(|mode| ![default, "shareable"].contains(mode))),
        }
    }
}

fn devices(host: &HostConfig) -> Vec<String> {
    let words = |device: &bollard::models::DeviceMapping| {
        let parts = [&device.path_on_host, &device.path_in_container, &device.cgroup_permissions];
        parts.map(|part| part.as_deref().unwrap_or_default()).join(":")
    };
    host.devices.iter().flatten().map(words).collect()
}

fn tmpfs(host: &HostConfig) -> Vec<String> {
    let words = |(path, options): (&String, &String)| match options.as_str() {
        "" => path.clone(),
        options => format!("{path}:{options}"),
    };
    let mut mounts: Vec<String> = host.tmpfs.iter().flatten().map(words).collect();
    mounts.sort_unstable();
    mounts
}

fn logging(host: &HostConfig) -> Option<Value> {
    let log = host.log_config.as_ref()?;
    let options: std::collections::BTreeMap<_, _> = log.config.iter().flatten().collect();
    let is_default = options.is_empty() && log.typ.as_deref() == Some("json-file");
    (!is_default).then(|| json!({ "driver": log.typ, "options": options }))
}

fn ulimits(host: &HostConfig) -> Value {
    let limit = |limit: &bollard::models::ResourcesUlimits| {
        Some((limit.name.clone()?, json!({ "soft": limit.soft?, "hard": limit.hard? })))
    };
    Value::Object(Map::from_iter(host.ulimits.iter().flatten().filter_map(limit)))
}
