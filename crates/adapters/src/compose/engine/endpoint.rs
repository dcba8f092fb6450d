//! Where the engine is: an address, read the way the Docker client reads it.

use std::fmt;
use std::path::PathBuf;

use backout_core::port::PortError;

use super::context;
use crate::compose::options::DockerOptions;

/// The socket of an engine that nobody named.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// An engine's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A socket on this machine.
    Unix(String),
    /// TCP without encryption.
    Tcp(String),
    /// TCP with TLS; the folder holds `ca.pem`, `cert.pem` and `key.pem`.
    Tls { address: String, certificates: PathBuf },
    /// Another machine's socket, through SSH.
    Ssh(SshTarget),
}

/// A machine reached through SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SshTarget {
    /// `user@host`, or `host`.
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// The socket there.
    pub(super) socket: String,
}

impl Endpoint {
    /// The engine that the options and the environment name: an address wins over a context, and options win over the
    /// environment.
    pub(super) fn find(options: &DockerOptions) -> Result<Self, PortError> {
        if let Some(host) = &options.host {
            return Self::parse(host, certificates(options));
        }
        if let Some(name) = &options.context {
            return context::endpoint(options, name);
        }
        if let Some(host) = options.variable("DOCKER_HOST") {
            return Self::parse(host, certificates(options));
        }
        match options.variable("DOCKER_CONTEXT").map(str::to_owned).or_else(|| context::current(options)) {
            Some(name) => context::endpoint(options, &name),
            None => Ok(Self::Unix(DEFAULT_SOCKET.to_owned())),
        }
    }

    /// Reads an address; `certificates` is the folder to use where TLS is wanted.
    pub(super) fn parse(address: &str, certificates: Option<PathBuf>) -> Result<Self, PortError> {
        let (scheme, rest) = address.split_once("://").unwrap_or(("unix", address));
        match (scheme, certificates) {
            ("unix", _) => Ok(Self::Unix(rest.to_owned())),
            ("tcp" | "http" | "https", Some(certificates)) => {
                Ok(Self::Tls { address: with_port(rest, 2376), certificates })
            }
            ("tcp" | "http", None) => Ok(Self::Tcp(with_port(rest, 2375))),
            ("ssh", _) => SshTarget::parse(rest).map(Self::Ssh),
            _ => Err(PortError::new(format!("`{address}` is not the address of a Docker Engine that backout can use"))
                .hint("use `unix://`, `tcp://` (with DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH for TLS) or `ssh://`")),
        }
    }
}

impl SshTarget {
    fn parse(text: &str) -> Result<Self, PortError> {
        let (authority, path) = text.split_once('/').unwrap_or((text, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse::<u16>())),
            _ => (authority, None),
        };
        let socket = if path.is_empty() { DEFAULT_SOCKET.to_owned() } else { format!("/{path}") };
        let port = port.transpose().map_err(|_| PortError::new(format!("`ssh://{text}` has no usable port")))?;
        if host.is_empty() || host.starts_with('-') {
            return Err(PortError::new(format!("`ssh://{text}` does not name a machine")));
        }
        Ok(Self { host: host.to_owned(), port, socket })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => write!(f, "unix://{path}"),
            Endpoint::Tcp(address) | Endpoint::Tls { address, .. } => write!(f, "tcp://{address}"),
            Endpoint::Ssh(target) => write!(f, "ssh://{}", target.host),
        }
    }
}

fn with_port(address: &str, port: u16) -> String {
    let address = address.trim_end_matches('/');
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { address.to_owned() } else { format!("{address}:{port}") }
}

/// Where the certificates are, if the environment asks for TLS.
fn certificates(options: &DockerOptions) -> Option<PathBuf> {
    options.variable("DOCKER_TLS_VERIFY")?;
    match options.variable("DOCKER_CERT_PATH") {
        Some(path) => Some(PathBuf::from(path)),
        None => context::docker_folder(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Environment;

    fn with(variables: &[(&str, &str)]) -> DockerOptions {
        let environment: Environment = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        DockerOptions::from_environment(environment)
    }

    #[test]
    fn nobody_named_an_engine_so_it_is_the_local_socket() {
        assert_eq!(Endpoint::find(&with(&[])).unwrap(), Endpoint::Unix("/var/run/docker.sock".to_owned()));
    }

    #[test]
    fn tls_is_used_where_the_environment_asks_for_it() {
        let plain = Endpoint::find(&with(&[("DOCKER_HOST", "tcp://10.0.0.1")])).unwrap();
        assert_eq!(plain, Endpoint::Tcp("10.0.0.1:2375".to_owned()));
        let variables = [("DOCKER_HOST", "tcp://10.0.0.1"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")];
        let tls = Endpoint::Tls { address: "10.0.0.1:2376".to_owned(), certificates: "/certs".into() };
        assert_eq!(Endpoint::find(&with(&variables)).unwrap(), tls);
    }

    #[test]
    fn an_ssh_address_has_a_user_a_port_and_a_socket() {
        let endpoint = Endpoint::parse("ssh://deploy@web1:2222/run/user/1000/docker.sock", None).unwrap();
        let Endpoint::Ssh(target) = endpoint else { panic!("{endpoint:?}") };
        assert_eq!((target.host.as_str(), target.port), ("deploy@web1", Some(2222)));
        assert_eq!(target.socket, "/run/user/1000/docker.sock");
    }

    #[test]
    fn an_address_that_would_be_read_as_an_option_is_refused() {
        for bad in ["ssh://-oProxyCommand=x", "ssh://", "fd://", "npipe:////./pipe/docker_engine"] {
            assert!(Endpoint::parse(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_option_wins_over_the_environment() {
        let mut options = with(&[("DOCKER_HOST", "tcp://elsewhere"), ("DOCKER_CONTEXT", "other")]);
        options.host = Some("unix:///run/mine.sock".to_owned());
        assert_eq!(Endpoint::find(&options).unwrap(), Endpoint::Unix("/run/mine.sock".to_owned()));
    }
}
