//! nginx and HAProxy: tests of maintenance mode start one each for themselves. Caddy is in no package of Debian 12.

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::layout::Layout;
use crate::testbed::packages;
use crate::testbed::record::{Part, State};

/// The program, and its package.
const PROXIES: [(&str, &str); 2] = [("nginx", "nginx-light"), ("haproxy", "haproxy")];

pub(crate) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let mut versions = Vec::new();
    for (name, package) in PROXIES {
        packages::program(layout, name, &[package])?;
        let version =
            Call::new("dpkg-query").args(["--show", "--showformat", "${Package} ${Version}", package]).output()?;
        versions.push(version);
    }
    Ok(Part { state: State::Ready, version: Some(versions.join(", ")), ..Part::default() })
}
