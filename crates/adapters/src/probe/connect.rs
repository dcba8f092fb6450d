//! From `host:port` to a connection, in two phases that are told apart: resolving the name, and connecting.

use std::fmt;
use std::net::SocketAddr;

use backout_core::port::ProbeOutcome;
use tokio::net::{TcpStream, lookup_host};
use url::Url;

use super::outcome::{Performed, not_performed, of_io};

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// A name or an address, without brackets.
    pub(super) host: String,
    port: u16,
}

impl Endpoint {
    /// Reads `host:port` or `[address]:port`.
    pub(super) fn parse(address: &str) -> Performed<Self> {
        let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match parts {
            Some((host, port)) if !host.is_empty() => Ok(Self { host: without_brackets(host), port }),
            _ => Err(not_performed(format!("`{address}` is not `host:port`"))),
        }
    }

    /// The endpoint of an address, if it names a host.
    pub(crate) fn of_url(url: &Url, port: u16) -> Performed<Self> {
        let host =
            url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| not_performed("its address names no host"))?;
        Ok(Self { host: without_brackets(host), port: url.port_or_known_default().unwrap_or(port) })
    }

    /// The addresses that the name stands for now.
    pub(crate) async fn resolve(&self) -> Performed<Vec<SocketAddr>> {
        let unresolved =
            |why: &dyn fmt::Display| not_performed(format!("the name `{}` does not resolve: {why}", self.host));
        let found = lookup_host((self.host.as_str(), self.port)).await.map_err(|error| unresolved(&error))?;
        let addresses: Vec<SocketAddr> = found.collect();
        if addresses.is_empty() { Err(unresolved(&"it has no address")) } else { Ok(addresses) }
    }

    /// Connects to the first address that answers. Where none does, a refusal says more than an address that cannot be
    /// reached from here.
    pub(crate) async fn connect(&self, addresses: &[SocketAddr]) -> Performed<TcpStream> {
        let mut worst = not_performed(format!("{self} has no address"));
        for address in addresses {
            match TcpStream::connect(address).await {
                // Small messages must not wait for the acknowledgement of the ones before.
                Ok(stream) => return stream.set_nodelay(true).map(|()| stream).map_err(|error| of_io(&error, self)),
                Err(error) if matches!(worst, ProbeOutcome::Refused { .. }) => drop(error),
                Err(error) => worst = of_io(&error, self),
            }
        }
        Err(worst)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn without_brackets(host: &str) -> String {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_the_same() {
        for address in ["localhost:80", "127.0.0.1:5432", "[::1]:443"] {
            assert_eq!(Endpoint::parse(address).unwrap().to_string(), address);
        }
        for address in ["localhost", ":80", "host:port", "host:70000"] {
            assert!(matches!(Endpoint::parse(address), Err(ProbeOutcome::NotPerformed { .. })), "{address}");
        }
    }

    #[tokio::test]
    async fn a_refusal_outweighs_an_address_without_a_route() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // Broadcast: connecting is an error of this machine, at once and on every one.
        let unusable: SocketAddr = "255.255.255.255:9".parse().unwrap();
        let endpoint = Endpoint::parse("name:9").unwrap();
        for addresses in [[free, unusable], [unusable, free]] {
            let outcome = endpoint.connect(&addresses).await.unwrap_err();
            assert!(matches!(outcome, ProbeOutcome::Refused { .. }), "{outcome:?}");
        }
        let outcome = endpoint.connect(&[unusable]).await.unwrap_err();
        assert!(matches!(outcome, ProbeOutcome::NotPerformed { .. }), "{outcome:?}");
    }
}
