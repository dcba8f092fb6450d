//! Starting the containers of a service anew, as they are.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::port::PortError;
use bollard::query_parameters::RestartContainerOptionsBuilder;

use crate::compose::argv;
use crate::compose::engine::failed;
use crate::compose::platform::ComposePlatform;

/// Has the engine start every container of a service again, one after the other (see [`super::switching`] for why not at
/// once). Nothing is made anew: what they run, their files and their volumes stay. Those that had ended run again as well.
///
/// # Errors
/// It has no containers, or one cannot be started again.
pub(in crate::compose) async fn restart(
    platform: &ComposePlatform,
    service: &ServiceName,
    grace_ms: Option<u64>,
) -> Result<(), PortError> {
    let containers = platform.look(std::slice::from_ref(service)).await?;
    if containers.is_empty() {
        let name = platform.options.compose_name(service);
        return Err(PortError::new(format!("`{service}` has no containers that could be started anew"))
            .hint(format!("bring it up: `docker compose up --detach {name}`, or go back: `backout rollback`")));
    }
    let docker = platform.engine.docker().await?;
    for container in &containers {
        let grace = Duration::from_millis(grace_ms.unwrap_or_else(|| container.stop_grace_ms()));
        let seconds = i32::try_from(argv::whole_seconds(grace)).unwrap_or(i32::MAX);
        let options = RestartContainerOptionsBuilder::default().t(seconds).build();
        let patient = docker.clone().with_timeout(docker.timeout() + grace);
        let restarted = patient.restart_container(container.id(), Some(options)).await;
        restarted.map_err(|error| failed(&format!("`{}` could not be started anew", container.name()), &error))?;
    }
    Ok(())
}
