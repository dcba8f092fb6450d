//! What containers use: one look at the counters of their groups.

use backout_core::detect::Usage;
use backout_core::id::ServiceName;
use backout_core::port::PortError;
use bollard::models::{ContainerMemoryStats, ContainerStatsResponse, HostConfig};
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;

use crate::compose::container::Container;
use crate::compose::engine::{failed, is_missing};
use crate::compose::platform::ComposePlatform;

/// What each running container of a service uses.
pub(in crate::compose) async fn usage(
    platform: &ComposePlatform,
    service: &ServiceName,
) -> Result<Vec<Usage>, PortError> {
    let docker = platform.engine.docker().await?;
    let containers = platform.look(std::slice::from_ref(service)).await?;
    let running = containers.iter().filter(|container| container.is_running());
    let of = async |container: &Container| {
        let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
        let mut told = std::pin::pin!(docker.stats(container.id(), Some(options)));
        match told.next().await {
            Some(Ok(told)) => Ok(Some(read(container.id(), &told, container.host_config()))),
            Some(Err(error)) if !is_missing(&error) => {
                Err(failed(&format!("what `{}` uses could not be asked for", container.name()), &error))
            }
            // It has gone since it was looked at.
            Some(Err(_)) | None => Ok(None),
        }
    };
    Ok(try_join_all(running.map(of)).await?.into_iter().flatten().collect())
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds and bytes of this size")]
fn read(id: &str, told: &ContainerStatsResponse, limits: Option<&HostConfig>) -> Usage {
    let cpu = told.cpu_stats.as_ref();
    let spent = cpu.and_then(|cpu| cpu.cpu_usage.as_ref()?.total_usage);
    let all = cpu.and_then(|cpu| cpu.online_cpus).filter(|all| *all > 0).map_or(1.0, f64::from);
    let memory = told.memory_stats.as_ref();
    Usage {
        id: id.to_owned(),
        cpu_seconds: spent.map(|spent| spent as f64 / 1e9),
        cpus: limits.and_then(allowed).map_or(all, |allowed| allowed.min(all)),
        memory: memory.and_then(in_use),
        memory_limit: memory.and_then(|memory| memory.limit).filter(|limit| *limit > 0).map(|limit| limit as f64),
    }
}

/// How many processors a container may use, where that is limited.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a period")]
fn allowed(limits: &HostConfig) -> Option<f64> {
    let nano = limits.nano_cpus.filter(|nano| *nano > 0).map(|nano| nano as f64 / 1e9);
    let quota = limits.cpu_quota.filter(|quota| *quota > 0).map(|quota| {
        let period = limits.cpu_period.filter(|period| *period > 0).unwrap_or(100_000);
        quota as f64 / period as f64
    });
    nano.or(quota)
}

/// As `docker stats` shows it: without the pages of files that can be dropped at once.
#[expect(clippy::cast_precision_loss, reason = "bytes of this size")]
fn in_use(memory: &ContainerMemoryStats) -> Option<f64> {
    let of = |name: &str| memory.stats.as_ref()?.get(name).copied();
    // The first generation of groups tells of itself and all below under the first name, the second under the other.
    let droppable = of("total_inactive_file").or_else(|| of("inactive_file")).unwrap_or(0);
    memory.usage.filter(|used| *used > 0).map(|used| used.saturating_sub(droppable) as f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counters_are_read_as_docker_stats_shows_them() {
        let told = json!({
            "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000_u64}, "online_cpus": 4},
            "memory_stats": {"usage": 50_000_000, "limit": 67_108_864, "stats": {"inactive_file": 20_000_000}},
        });
        let told: ContainerStatsResponse = serde_json::from_value(told).unwrap();
        let free = read("a", &told, None);
        assert_eq!((free.cpu_seconds, free.cpus), (Some(2.5), 4.0));
        assert_eq!((free.memory, free.memory_limit), (Some(30e6), Some(67_108_864.0)));
        let half = HostConfig { cpu_quota: Some(50_000), ..HostConfig::default() };
        assert!((read("a", &told, Some(&half)).cpus - 0.5).abs() < 1e-9);
        let two = HostConfig { nano_cpus: Some(2_000_000_000), ..HostConfig::default() };
        assert!((read("a", &told, Some(&two)).cpus - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_told_was_not_measured() {
        let stopped = json!({"cpu_stats": {"cpu_usage": {}}, "memory_stats": {}});
        let stopped = read("a", &serde_json::from_value(stopped).unwrap(), None);
        assert_eq!((stopped.cpu_seconds, stopped.memory, stopped.memory_limit), (None, None, None));
    }
}
