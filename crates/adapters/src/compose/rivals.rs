//! Whoever else has, or may take, a port that the project publishes.
//!
//! Contract: only looks. What is published is what the project's files say, and what its containers had at their start.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::port::{PortError, Rival};
use bollard::Docker;
use bollard::models::PortBinding;
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use serde_json::Value;
use tokio::net::TcpStream;

use super::argv;
use super::container::{Container, label};
use super::engine::{failed, is_missing};
use super::platform::ComposePlatform;

/// How long something on this machine may take to take a connection.
const ANSWERS_WITHIN: Duration = Duration::from_millis(300);

/// A port of the host that is published: its address (empty for all of them), number and protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Published {
    ip: String,
    port: u16,
    protocol: String,
}

/// The rivals of some services.
pub(super) async fn rivals(platform: &ComposePlatform, services: &[ServiceName]) -> Result<Vec<Rival>, PortError> {
    let docker = platform.engine.docker().await?;
    let own = platform.look(services).await?;
    let names: BTreeSet<&str> = services.iter().map(|service| platform.options.compose_name(service)).collect();
    let mut wanted: BTreeSet<Published> = own.iter().flat_map(published).collect();
    if let Ok(output) = argv::config(&platform.options).run().await {
        wanted.extend(in_files(&output.stdout, &names));
    }
    let mut found = Vec::new();
    let others = others(&docker, platform.project().await?).await?;
    for other in &others {
        let taken = published(other).into_iter().find(|theirs| wanted.iter().any(|ours| clash(ours, theirs)));
        found.extend(taken.map(|port| of_container(other, &port)));
    }
    let is_local = platform.options.docker.host.is_none() && platform.options.docker.context.is_none();
    let has = |containers: &[Container], port: &Published| {
        containers.iter().filter(|it| it.is_running()).any(|it| published(it).iter().any(|theirs| clash(port, theirs)))
    };
    for port in wanted.iter().filter(|port| is_local && port.protocol == "tcp") {
        if !has(&own, port) && !has(&others, port) && is_taken(port).await {
            found.push(of_stranger(port));
        }
    }
    Ok(found)
}

/// Every container that is not of this project, whether it runs or not.
async fn others(docker: &Docker, project: &str) -> Result<Vec<Container>, PortError> {
    let what = "the containers of other projects could not be listed";
    let options = ListContainersOptionsBuilder::default().all(true).build();
    let listed = docker.list_containers(Some(options)).await.map_err(|error| failed(what, &error))?;
    let is_own = |labels: &HashMap<String, String>| labels.get(label::PROJECT).is_some_and(|its| its == project);
    let mut others = Vec::new();
    for summary in listed {
        let Some(id) = summary.id.filter(|_| !summary.labels.as_ref().is_some_and(is_own)) else { continue };
        match docker.inspect_container(&id, None::<InspectContainerOptions>).await {
            Ok(inspected) => others.push(Container::new(inspected)),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(failed(what, &error)),
        }
    }
    Ok(others)
}

/// What a container has published, or will where it is started.
fn published(container: &Container) -> Vec<Published> {
    let bindings = container.host_config().and_then(|host| host.port_bindings.as_ref());
    let each = bindings.into_iter().flatten().flat_map(|(inside, bindings)| {
        let protocol = inside.rsplit_once('/').map_or("tcp", |(_, protocol)| protocol).to_owned();
        let one = move |binding: &PortBinding| {
            let port = binding.host_port.as_ref()?.parse().ok().filter(|port| *port > 0)?;
            Some(Published { ip: binding.host_ip.clone().unwrap_or_default(), port, protocol: protocol.clone() })
        };
        bindings.iter().flatten().filter_map(one).collect::<Vec<_>>()
    });
    each.collect()
}

/// What some services of a resolved project publish. A range of ports is left to the engine, which chooses in it.
fn in_files(document: &[u8], names: &BTreeSet<&str>) -> Vec<Published> {
    let document: Value = serde_json::from_slice(document).unwrap_or_default();
    let services = document.get("services").and_then(Value::as_object).into_iter().flatten();
    let ports = services.filter(|(name, _)| names.contains(name.as_str())).filter_map(|(_, it)| it["ports"].as_array());
    let one = |port: &Value| {
        let number = match &port["published"] {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        };
        Some(Published {
            ip: port["host_ip"].as_str().unwrap_or_default().to_owned(),
            port: number.filter(|port| *port > 0)?,
            protocol: port["protocol"].as_str().unwrap_or("tcp").to_owned(),
        })
    };
    ports.flatten().filter_map(one).collect()
}

/// Whether not both can be had at once.
fn clash(ours: &Published, theirs: &Published) -> bool {
    let is_all = |ip: &str| matches!(ip, "" | "0.0.0.0" | "::");
    let is_same_place = is_all(&ours.ip) || is_all(&theirs.ip) || ours.ip == theirs.ip;
    ours.port == theirs.port && ours.protocol == theirs.protocol && is_same_place
}

fn of_container(other: &Container, port: &Published) -> Rival {
    let name = other.name();
    let of = other.label(label::PROJECT).map_or_else(String::new, |project| format!(" of project `{project}`"));
    if other.is_running() {
        let what = format!("port {} is published by the container `{name}`{of}, which runs", port.port);
        let hint = format!("stop it (`docker stop {name}`), or publish another port");
        return Rival { what, hint, blocks: true };
    }
    let what = format!("`{name}`{of} does not run, and takes port {} where it is started", port.port);
    Rival { what, hint: format!("remove it where nobody needs it: `docker rm {name}`"), blocks: false }
}

fn of_stranger(port: &Published) -> Rival {
    let what = format!("something that is no container listens at port {}", port.port);
    Rival { what, hint: format!("see what: `ss -ltnp 'sport = :{}'`", port.port), blocks: true }
}

async fn is_taken(port: &Published) -> bool {
    let ip = port.ip.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified());
    let address = SocketAddr::new(ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port.port);
    matches!(tokio::time::timeout(ANSWERS_WITHIN, TcpStream::connect(address)).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn port(ip: &str, port: u16) -> Published {
        Published { ip: ip.to_owned(), port, protocol: "tcp".to_owned() }
    }

    #[test]
    fn two_that_publish_the_same_port_clash_unless_at_different_addresses() {
        assert!(clash(&port("127.0.0.1", 80), &port("", 80)));
        assert!(clash(&port("127.0.0.1", 80), &port("127.0.0.1", 80)));
        assert!(!clash(&port("127.0.0.1", 80), &port("127.0.0.2", 80)));
        assert!(!clash(&port("", 80), &port("", 81)));
        let udp = Published { protocol: "udp".to_owned(), ..port("", 80) };
        assert!(!clash(&port("", 80), &udp));
    }

    #[test]
    fn ports_of_files_and_containers_are_read_and_ranges_left_out() {
        let ports = json!([{"target": 80, "published": "8080", "protocol": "tcp", "host_ip": "127.0.0.1"},
            {"target": 81, "published": "9000-9010"}, {"target": 82}]);
        let document = json!({"services": {"app": {"ports": ports}, "db": {"ports": [{"published": "5432"}]}}});
        let of_files = in_files(document.to_string().as_bytes(), &BTreeSet::from(["app"]));
        assert_eq!(of_files, [port("127.0.0.1", 8080)]);
        let bindings = json!({"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "81/tcp": null});
        let inspected = json!({"Id": "1", "HostConfig": {"PortBindings": bindings}});
        let container = Container::new(serde_json::from_value(inspected).unwrap());
        assert_eq!(published(&container), of_files);
    }
}
