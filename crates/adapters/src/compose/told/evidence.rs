//! What is kept of containers that went bad, before they are removed: logs, state, events.

use std::collections::HashMap;

use backout_core::id::ServiceName;
use backout_core::port::{EVIDENCE_LINES, Evidence, PortError};
use bollard::Docker;
use bollard::query_parameters::{EventsOptionsBuilder, LogsOptionsBuilder};
use futures_util::StreamExt as _;
use futures_util::future::{join, join_all};
use jiff::{SignedDuration, Timestamp};

use crate::compose::container::{Container, label};
use crate::compose::engine::words;
use crate::compose::platform::ComposePlatform;

/// How far back events are kept.
const BACK: SignedDuration = SignedDuration::from_mins(10);

/// Collects the logs and state of every container of a service, and the project's recent events.
pub(in crate::compose) async fn evidence(platform: &ComposePlatform, service: &ServiceName) -> Vec<Evidence> {
    match collect(platform, service).await {
        Ok(evidence) => evidence,
        Err(error) => vec![missing(&format!("{service}.evidence"), &error.to_string())],
    }
}

async fn collect(platform: &ComposePlatform, service: &ServiceName) -> Result<Vec<Evidence>, PortError> {
    let docker = platform.engine.docker().await?;
    let project = platform.project().await?;
    let containers = platform.look(std::slice::from_ref(service)).await?;
    let each = join_all(containers.iter().map(|container| of_container(&docker, container)));
    let (of_containers, events) = join(each, events(&docker, project, platform.clock.now())).await;
    Ok(of_containers.into_iter().flatten().chain([events]).collect())
}

async fn of_container(docker: &Docker, container: &Container) -> [Evidence; 2] {
    let name = container.name();
    let inspect = match serde_json::to_vec_pretty(container.inspected()) {
        Ok(content) => Evidence { name: format!("{name}.inspect.json"), content },
        Err(error) => missing(&format!("{name}.inspect.json"), &error.to_string()),
    };
    [log(docker, container).await, inspect]
}

async fn log(docker: &Docker, container: &Container) -> Evidence {
    let name = format!("{}.log", container.name());
    let tail = EVIDENCE_LINES.to_string();
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).tail(&tail).build();
    let mut lines = std::pin::pin!(docker.logs(container.id(), Some(options)));
    let mut content = Vec::new();
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => content.extend_from_slice(&line.into_bytes()),
            Err(error) => content.extend(format!("\n[the log could not be read further: {}]\n", words(&error)).bytes()),
        }
    }
    Evidence { name, content }
}

/// The project's events as lines of JSON.
async fn events(docker: &Docker, project: &str, now: Timestamp) -> Evidence {
    let filters = HashMap::from([("label", vec![format!("{}={project}", label::PROJECT)])]);
    let options = EventsOptionsBuilder::default()
        .since(&(now - BACK).as_second().to_string())
        // To the nanosecond: the engine keeps the answer open until a time that is still to come.
        .until(&format!("{}.{:09}", now.as_second(), now.subsec_nanosecond()))
        .filters(&filters)
        .build();
    let mut stream = std::pin::pin!(docker.events(Some(options)));
    let mut content = Vec::new();
    while let Some(event) = stream.next().await {
        match event.map(|event| serde_json::to_vec(&event)) {
            Ok(line) => content.extend(line.unwrap_or_default()),
            Err(error) => content.extend(format!("the events could not be read further: {}", words(&error)).bytes()),
        }
        content.push(b'\n');
    }
    Evidence { name: format!("{project}.events.jsonl"), content }
}

fn missing(name: &str, why: &str) -> Evidence {
    Evidence { name: name.to_owned(), content: format!("could not be had: {why}\n").into_bytes() }
}
