//! Addresses: `http://` URLs and `host:port`.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// An `http://` or `https://` URL without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct HttpUrl(pub(in crate::config) String);

/// `host:port`, or `[ipv6]:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Address(pub(in crate::config) String);

fn bad(what: &str) -> Complaint {
    Complaint::about(ProblemCode::InvalidValue, what)
}

impl Leaf for HttpUrl {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
            return Err(bad("is not an address").hint("begin it with `http://` or `https://`"));
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('@') {
            let hint = "send them as a header whose value is a reference: `headers: { Authorization: \"env:NAME\" }`";
            return Err(Complaint::hiding(ProblemCode::LiteralSecret, "the address holds credentials").hint(hint));
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) || !is_host_with_optional_port(host) {
            return Err(bad("is not an address").hint("write `http://HOST:PORT/PATH`"));
        }
        Ok(Self(text.to_owned()))
    }

    fn accepts() -> Accepts {
        Accepts::text(r"^https?://[^\s@/?#]+([/?#]\S*)?$")
    }
}

impl Leaf for Address {
    fn parse(text: &str) -> Result<Self, Complaint> {
        match text.rsplit_once(':') {
            Some((host, port)) if is_host(host) && is_port(port) => Ok(Self(text.to_owned())),
            _ => Err(bad("is not an address").hint("write `HOST:PORT`, or `[IPV6]:PORT`")),
        }
    }

    fn accepts() -> Accepts {
        Accepts::text(r"^\S+:[0-9]+$")
    }
}

fn is_host_with_optional_port(text: &str) -> bool {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => is_host(host) && is_port(port),
        _ => is_host(text),
    }
}

fn is_host(text: &str) -> bool {
    match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|inner| inner.parse::<core::net::Ipv6Addr>().is_ok()),
        None => !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_hosts_and_ports_are_taken() {
        for url in ["http://127.0.0.1:8001/health", "https://shop.example", "http://[::1]:80/?q=a@b", "http://web_1"] {
            assert!(HttpUrl::parse(url).is_ok(), "{url}");
        }
        assert!(Address::parse("localhost:5432").is_ok());
        assert!(Address::parse("[::1]:5432").is_ok());
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for url in ["", "ftp://x", "http://", "http://:80", "http://a b", "http://a:99999", "http://a:b", "http://[x]"]
        {
            assert!(HttpUrl::parse(url).is_err(), "{url}");
        }
        for address in ["", "localhost", ":80", "a:0", "a:+5", "a b:1", "::1:80"] {
            assert!(Address::parse(address).is_err(), "{address}");
        }
    }

    #[test]
    fn credentials_in_an_address_are_not_repeated() {
        let complaint = HttpUrl::parse("http://user:hunter2@host/").unwrap_err();
        assert!(!format!("{complaint:?}").contains("hunter2"));
        assert_eq!(complaint.code, ProblemCode::LiteralSecret);
    }
}
