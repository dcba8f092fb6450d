//! Looking: one list of the project's containers, and an inspection of each, all at once.

use std::collections::HashMap;

use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Instance, Running, Seen};
use backout_core::port::PortError;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::container::{Container, label};
use super::engine::{failed, is_missing};
use super::options::ComposeOptions;

/// The containers of a project that belong to some of its services, sorted by name; those of `docker compose run` are left
/// out.
///
/// # Errors
/// Where the engine does not answer.
pub(super) async fn containers(docker: &Docker, project: &str, services: &[&str]) -> Result<Vec<Container>, PortError> {
    listed(docker, project, |service| services.contains(&service)).await
}

/// The containers of a project, whatever service they belong to.
///
/// # Errors
/// Where the engine does not answer.
pub(super) async fn of_project(docker: &Docker, project: &str) -> Result<Vec<Container>, PortError> {
    listed(docker, project, |_| true).await
}

async fn listed(docker: &Docker, project: &str, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Container>, PortError> {
    let filters = HashMap::from([("label", vec![format!("{}={project}", label::PROJECT)])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let what = format!("the containers of project `{project}` could not be listed");
    let listed = docker.list_containers(Some(options)).await.map_err(|error| failed(&what, &error))?;
    let wanted = listed.into_iter().filter_map(|summary| {
        let labels = summary.labels?;
        let is_oneoff = labels.get(label::ONEOFF).is_some_and(|oneoff| oneoff.eq_ignore_ascii_case("true"));
        let is_wanted = labels.get(label::SERVICE).is_some_and(|service| is_wanted(service));
        summary.id.filter(|_| is_wanted && !is_oneoff)
    });
    let inspected = try_join_all(wanted.map(|id| inspect(docker, id))).await;
    let mut containers: Vec<Container> =
        inspected.map_err(|error| failed(&what, &error))?.into_iter().flatten().collect();
    containers.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(containers)
}

/// One container; `None` where it has gone since it was listed.
async fn inspect(docker: &Docker, id: String) -> Result<Option<Container>, Error> {
    match docker.inspect_container(&id, None::<InspectContainerOptions>).await {
        Ok(inspected) => Ok(Some(Container::new(inspected))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A fact of each service, from one look at its containers.
pub(super) fn facts(
    options: &ComposeOptions,
    services: &[ServiceName],
    look: &Result<Vec<Container>, PortError>,
    at: Timestamp,
) -> Vec<Fact> {
    let seen = |service: &ServiceName| match look {
        Err(error) => Seen::Unknown { why: error.to_string() },
        Ok(containers) => service_seen(containers, options.compose_name(service)),
    };
    let fact = |service: &ServiceName| Fact {
        service: service.clone(),
        observed_at: at,
        seen: seen(service),
        files: std::collections::BTreeMap::new(),
    };
    services.iter().map(fact).collect()
}

fn service_seen(containers: &[Container], compose_name: &str) -> Seen {
    let own: Vec<&Container> = containers.iter().filter(|container| container.service() == compose_name).collect();
    let mut labels: Vec<String> = own.iter().map(|container| container.words()).collect();
    labels.sort_unstable();
    labels.dedup();
    let instances: Vec<Instance> = own.iter().map(|container| container.instance()).collect();
    match u32::try_from(instances.len()) {
        // How many there should be is written in no container: those that exist, dead or alive, are the best witness.
        Ok(wanted @ 1..) => Seen::Present(Running {
            label: labels.join(", "),
            wanted,
            instances,
            unready: Vec::new(),
            trouble: None,
            busy: None,
            next: None,
        }),
        _ => Seen::Absent,
    }
}
