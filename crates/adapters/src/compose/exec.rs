//! Commands inside the containers of a service: for probes.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::port::Pending;
use bollard::Docker;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures_util::StreamExt as _;

use super::engine::words;
use super::platform::ComposePlatform;
use crate::probe::{ContainerExec, ContainerOutput, NotExecuted};

/// How much output is kept.
const OUTPUT_LIMIT: usize = 16 * 1024;
/// What runtimes answer for a program that is not there, or cannot be run.
const NOT_RUNNABLE: [i64; 2] = [126, 127];

impl ContainerExec for ComposePlatform {
    fn exec<'a>(
        &'a self,
        service: &'a ServiceName,
        argv: &'a [String],
        limit: Duration,
    ) -> Pending<'a, Result<ContainerOutput, NotExecuted>> {
        Box::pin(async move {
            let ran = tokio::time::timeout(limit, run(self, service, argv)).await;
            ran.unwrap_or(Err(NotExecuted::TimedOut))
        })
    }
}

async fn run(
    platform: &ComposePlatform,
    service: &ServiceName,
    argv: &[String],
) -> Result<ContainerOutput, NotExecuted> {
    let not_run = |why: String| NotExecuted::NotRun { why };
    let docker = platform.engine.docker().await.map_err(|error| not_run(error.to_string()))?;
    let containers = platform.look(std::slice::from_ref(service)).await.map_err(|error| not_run(error.to_string()))?;
    let running = containers.iter().find(|container| container.is_running());
    let container = running.ok_or_else(|| not_run(format!("no container of `{service}` runs")))?;
    let output = in_container(&docker, container.id(), argv).await.map_err(|error| not_run(words(&error)))?;
    if NOT_RUNNABLE.contains(&output.exit_code) {
        let said = String::from_utf8_lossy(&output.output).trim().to_owned();
        return Err(not_run(format!("the program cannot be run in the container: {said}")));
    }
    Ok(output)
}

async fn in_container(docker: &Docker, id: &str, argv: &[String]) -> Result<ContainerOutput, bollard::errors::Error> {
    let config = ExecConfig {
        cmd: Some(argv.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let exec = docker.create_exec(id, config).await?.id;
    let mut kept = Vec::new();
    if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&exec, None).await? {
        while let Some(piece) = output.next().await {
            kept.extend_from_slice(&piece?.into_bytes());
            let surplus = kept.len().saturating_sub(OUTPUT_LIMIT);
            kept.drain(..surplus);
        }
    }
    let exit_code = docker.inspect_exec(&exec).await?.exit_code.unwrap_or(-1);
    Ok(ContainerOutput { exit_code, output: kept })
}
