//! Connecting, once, and again where the connection was lost.

use std::time::Duration;

use backout_core::port::PortError;
use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};
use tokio::sync::Mutex;

use super::endpoint::Endpoint;
use super::tunnel::Tunnel;
use super::words;
use crate::compose::options::DockerOptions;

/// How long the engine may take to answer one request.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// How long the engine may take to answer the first one.
const GREETS_WITHIN: Duration = Duration::from_secs(10);

/// A Docker Engine; connects when it is first used.
pub(in crate::compose) struct Engine {
    options: DockerOptions,
    connection: Mutex<Option<Connection>>,
}

struct Connection {
    docker: Docker,
    /// Kept for its life: dropping it closes the tunnel.
    tunnel: Option<Tunnel>,
}

impl Connection {
    fn stands(&self) -> bool {
        self.tunnel.as_ref().is_none_or(Tunnel::is_alive)
    }
}

impl Engine {
    pub(in crate::compose) fn new(options: DockerOptions) -> Self {
        Self { options, connection: Mutex::new(None) }
    }

    /// The client, with the version of the interface agreed upon.
    pub(in crate::compose) async fn docker(&self) -> Result<Docker, PortError> {
        let mut connection = self.connection.lock().await;
        if let Some(standing) = connection.as_ref().filter(|connection| connection.stands()) {
            return Ok(standing.docker.clone());
        }
        let new = self.connect().await?;
        let docker = new.docker.clone();
        *connection = Some(new);
        Ok(docker)
    }

    async fn connect(&self) -> Result<Connection, PortError> {
        let endpoint = Endpoint::find(&self.options)?;
        let unreachable = |why: String| {
            PortError::new(format!("the Docker Engine at {endpoint} cannot be reached: {why}"))
                .hint("start it (`systemctl start docker`), or name another one with DOCKER_HOST or a Docker context")
        };
        let (docker, tunnel) = self.open(&endpoint).await?;
        let docker = docker.map_err(|error| unreachable(words(&error)))?;
        let greeting = tokio::time::timeout(GREETS_WITHIN, docker.negotiate_version()).await;
        let silent = |_| unreachable(format!("it did not answer within {} s", GREETS_WITHIN.as_secs()));
        let docker = greeting.map_err(silent)?.map_err(|error| unreachable(words(&error)))?;
        Ok(Connection { docker, tunnel })
    }

    /// A client that has not said anything yet, and the tunnel that it needs.
    async fn open(&self, endpoint: &Endpoint) -> Result<(Result<Docker, Error>, Option<Tunnel>), PortError> {
        let (seconds, version) = (ANSWERS_WITHIN.as_secs(), API_DEFAULT_VERSION);
        Ok(match endpoint {
            Endpoint::Unix(path) => (Docker::connect_with_unix(path, seconds, version), None),
            Endpoint::Tcp(address) => (Docker::connect_with_http(address, seconds, version), None),
            Endpoint::Tls { address, certificates: folder } => {
                let [key, own, authority] = ["key.pem", "cert.pem", "ca.pem"].map(|name| folder.join(name));
                (Docker::connect_with_ssl(address, &key, &own, &authority, seconds, version), None)
            }
            Endpoint::Ssh(target) => {
                let tunnel = Tunnel::open(target, &self.options.environment).await?;
                (Docker::connect_with_unix(&tunnel.socket().to_string_lossy(), seconds, version), Some(tunnel))
            }
        })
    }
}
