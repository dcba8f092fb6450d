//! Programs and files in the containers of a service: migrations are undone there.
//!
//! A program runs in the container that runs. Where none does, or where it must find files that the image lacks, it runs in
//! a container of its own, made of the same image with the same environment, volumes and network, and removed afterwards:
//! the service's own container stays as it is.

use std::io::Read as _;
use std::path::Path;

use backout_core::id::ServiceName;
use backout_core::port::{Errand, ErrandOutput, Inside, Pending, PortError};
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::models::{ContainerCreateBody, ExecConfig, HostConfig};
use bollard::query_parameters::{
    DownloadFromContainerOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder, UploadToContainerOptions,
    WaitContainerOptions,
};
use futures_util::{Stream, StreamExt as _};

use super::container::Container;
use super::engine::words;
use super::platform::ComposePlatform;

type Answer<T> = Result<T, bollard::errors::Error>;

impl Inside for ComposePlatform {
    fn run<'a>(&'a self, errand: &'a Errand) -> Pending<'a, Result<ErrandOutput, PortError>> {
        Box::pin(async move {
            let docker = self.engine.docker().await?;
            let container = container(self, &errand.service).await?;
            let ran = async {
                match container.is_running() && errand.files.is_none() {
                    true => in_container(&docker, &container, errand).await,
                    false => in_one_of_its_own(&docker, &container, errand).await,
                }
            };
            let seconds = errand.limit.as_secs();
            let what = format!("`{}` in `{}`", errand.argv.join(" "), errand.service);
            match tokio::time::timeout(errand.limit, ran).await {
                Ok(ran) => ran.map_err(|error| PortError::new(format!("{what} could not be run: {}", words(&error)))),
                Err(_) => Err(PortError::new(format!("{what} did not end within {seconds} s"))),
            }
        })
    }

    fn fetch<'a>(&'a self, service: &'a ServiceName, folder: &'a str) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async move {
            let docker = self.engine.docker().await?;
            let container = container(self, service).await?;
            let path = within(&container, folder);
            let what = format!("`{path}` of `{service}` cannot be read");
            let options = DownloadFromContainerOptions { path };
            let mut archive = Vec::new();
            let mut pieces = Box::pin(docker.download_from_container(container.id(), Some(options)));
            while let Some(piece) = pieces.next().await {
                archive.extend_from_slice(&piece.map_err(|it| PortError::new(format!("{what}: {}", words(&it))))?);
            }
            without_folder(&archive).map_err(|error| PortError::new(format!("{what}: {error}")))
        })
    }
}

/// A container of a service, one that runs where there is one.
async fn container(platform: &ComposePlatform, service: &ServiceName) -> Result<Container, PortError> {
    let mut containers = platform.look(std::slice::from_ref(service)).await?;
    containers.sort_by_key(|container| !container.is_running());
    containers.into_iter().next().ok_or_else(|| {
        PortError::new(format!("there is no container of `{service}`")).hint("start the service once, then try again")
    })
}

/// A path in a container; a relative one starts at its working folder.
fn within(container: &Container, folder: &str) -> String {
    let start = container.config().and_then(|config| config.working_dir.as_deref()).filter(|it| !it.is_empty());
    Path::new(start.unwrap_or("/")).join(folder).display().to_string()
}

fn variables(errand: &Errand) -> Vec<String> {
    errand.variables.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

async fn in_container(docker: &Docker, container: &Container, errand: &Errand) -> Answer<ErrandOutput> {
    let config = ExecConfig {
        cmd: Some(errand.argv.clone()),
        env: Some(variables(errand)),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let exec = docker.create_exec(container.id(), config).await?.id;
    let mut output = ErrandOutput::default();
    if let StartExecResults::Attached { output: pieces, .. } = docker.start_exec(&exec, None).await? {
        collect(pieces, &mut output).await?;
    }
    output.code = docker.inspect_exec(&exec).await?.exit_code.unwrap_or(-1);
    Ok(output)
}

async fn in_one_of_its_own(docker: &Docker, container: &Container, errand: &Errand) -> Answer<ErrandOutput> {
    let id = docker.create_container(None, body(container, errand)).await?.id;
    let ran = ran(docker, (&id, container), errand).await;
    let remove = RemoveContainerOptionsBuilder::new().force(true).build();
    docker.remove_container(&id, Some(remove)).await?;
    ran
}

async fn ran(docker: &Docker, (id, like): (&str, &Container), errand: &Errand) -> Answer<ErrandOutput> {
    if let Some(files) = &errand.files {
        let options = UploadToContainerOptions { path: within(like, &files.folder), ..Default::default() };
        docker.upload_to_container(id, Some(options), bollard::body_full(files.tar.clone().into())).await?;
    }
    docker.start_container(id, None).await?;
    let mut output = ErrandOutput::default();
    let mut ends = Box::pin(docker.wait_container(id, None::<WaitContainerOptions>));
    match ends.next().await {
        Some(Ok(end)) => output.code = end.status_code,
        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => output.code = code,
        Some(Err(error)) => return Err(error),
        None => output.code = -1,
    }
    let logs = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
    collect(docker.logs(id, Some(logs)), &mut output).await?;
    Ok(output)
}

/// A container like that of the service, which runs the program in its place and belongs to no project.
fn body(container: &Container, errand: &Errand) -> ContainerCreateBody {
    let config = container.config().cloned().unwrap_or_default();
    let host = container.host_config().cloned().unwrap_or_default();
    ContainerCreateBody {
        image: Some(container.image_id().to_owned()),
        entrypoint: Some(errand.argv.clone()),
        cmd: Some(Vec::new()),
        env: Some([config.env.unwrap_or_default(), variables(errand)].concat()),
        user: config.user,
        working_dir: config.working_dir,
        host_config: Some(HostConfig {
            network_mode: host.network_mode,
            extra_hosts: host.extra_hosts,
            binds: host.binds,
            mounts: host.mounts,
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

async fn collect(pieces: impl Stream<Item = Answer<LogOutput>> + Send, into: &mut ErrandOutput) -> Answer<()> {
    let mut pieces = Box::pin(pieces);
    while let Some(piece) = pieces.next().await {
        match piece? {
            LogOutput::StdErr { message } => into.stderr.extend_from_slice(&message),
            other => into.stdout.extend_from_slice(&other.into_bytes()),
        }
    }
    Ok(())
}

/// The engine's archives name everything by the folder that was asked for; ours do not.
fn without_folder(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stripped = tar::Builder::new(Vec::new());
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.components().skip(1).collect::<std::path::PathBuf>();
        if !entry.header().entry_type().is_file() || path.as_os_str().is_empty() {
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        stripped.append_data(&mut header, path, content.as_slice())?;
    }
    stripped.into_inner()
}
