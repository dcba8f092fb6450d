//! The proxy on the way to a cluster, as Go's clients choose it: that of the kubeconfig, else `HTTPS_PROXY` unless the
//! cluster is on this machine or `NO_PROXY` names it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::net::IpAddr;

use backout_core::port::PortError;

/// The kinds of proxy that are understood.
const SCHEMES: [&str; 3] = ["http://", "https://", "socks5://"];

/// The address of the proxy to a cluster, where there is one.
///
/// # Errors
/// The proxy is of another kind. Its address is not told: it may hold a password.
pub(super) fn proxy(
    (host, port): (&str, u16),
    of_kubeconfig: Option<&str>,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<Option<String>, PortError> {
    let variable = |name: &str| {
        let lower = name.to_lowercase();
        let value = [name, &lower].iter().find_map(|name| environment.get(OsStr::new(name)))?.to_str()?;
        Some(value.trim()).filter(|value| !value.is_empty())
    };
    let of_environment = || variable("HTTPS_PROXY").filter(|_| !is_left_out(host, port, variable("NO_PROXY")));
    let Some(url) = of_kubeconfig.or_else(of_environment) else { return Ok(None) };
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    if SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(Some(url));
    }
    Err(PortError::new("the proxy on the way to the cluster is none of `http`, `https` and `socks5`")
        .hint("see `proxy-url` in the kubeconfig, or `HTTPS_PROXY`"))
}

/// Whether the environment's proxy is not for a host: one that is this machine, or that the list names.
fn is_left_out(host: &str, port: u16, list: Option<&str>) -> bool {
    let host = host.trim_matches(['[', ']']).to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    list.into_iter().flat_map(|list| list.split(',')).map(|entry| entry.trim().to_lowercase()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some((network, bits)), Some(address)) = (entry.split_once('/'), address) {
            return is_in(address, network, bits);
        }
        let entry = match entry.rsplit_once(':') {
            Some((name, wanted)) if !name.contains(':') && wanted.parse() == Ok(port) => name,
            Some((name, wanted)) if !name.contains(':') && wanted.parse::<u16>().is_ok() => return false,
            _ => &entry,
        };
        let domain = entry.trim_start_matches("*.").trim_start_matches('.');
        let is_itself = host == entry || (!entry.starts_with(['.', '*']) && host == domain);
        !domain.is_empty() && (is_itself || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
    })
}

/// Whether an address is in `NETWORK/BITS`.
fn is_in(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) if bits <= 32 => {
            (one.to_bits() ^ other.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other)) if bits <= 128 => {
            (one.to_bits() ^ other.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(host: &str, of_kubeconfig: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        let environment = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        proxy((host, 6443), of_kubeconfig, &environment).unwrap()
    }

    #[test]
    fn the_kubeconfigs_proxy_counts_before_the_environments() {
        let variables = [("HTTPS_PROXY", "http://environment:1")];
        let own = "socks5://own:2";
        assert_eq!(chosen("127.0.0.1", Some(own), &variables).as_deref(), Some(own));
        assert_eq!(chosen("a.example", None, &variables).as_deref(), Some("http://environment:1"));
        assert_eq!(chosen("a.example", None, &[("https_proxy", "lower:3")]).as_deref(), Some("http://lower:3"));
        assert_eq!(chosen("a.example", None, &[("HTTPS_PROXY", "")]), None);
    }

    #[test]
    fn a_cluster_here_or_in_no_proxy_is_reached_without_the_environments() {
        for (host, list, is_direct) in [
            ("127.0.0.1", "", true),
            ("localhost", "", true),
            ("[::1]", "", true),
            ("a.example", "", false),
            ("a.example", "*", true),
            ("a.example", "b.test, example", true),
            ("a.example", ".example", true),
            ("a.example", "*.example", true),
            ("example", ".example", false),
            ("anexample", "example", false),
            ("a.example", "a.example:6443", true),
            ("a.example", "a.example:443", false),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("11.1.2.3", "0.0.0.0/0", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("fd00::1", "fd00::/16", true),
        ] {
            let variables = [("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", list)];
            assert_eq!(chosen(host, None, &variables).is_none(), is_direct, "{host} with `{list}`");
        }
    }

    #[test]
    fn a_proxy_of_another_kind_is_refused_without_its_password() {
        let error = proxy(("a", 1), Some("ftp://me:hunter2@p"), &BTreeMap::new()).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
