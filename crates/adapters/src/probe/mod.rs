//! Performs probes: HTTP, TCP, commands, PostgreSQL, Redis, and the platform's own view.
//!
//! Contract: a probe reports what happened as a `ProbeOutcome` and blames nobody. Every network probe makes a connection
//! of its own, because that is what a user of the service does, unless its configuration says otherwise. Secrets are resolved for each probe and masked in every
//! outcome. What prepares a probe (secrets, name resolution) has the probe's time limit for itself and is not charged to
//! the application: failing to measure is not failing.
//!
//! | what happened                                                                    | outcome         |
//! |----------------------------------------------------------------------------------|-----------------|
//! | the name does not resolve, or not in time; the address cannot be read            | not performed   |
//! | a secret is missing, or not had in time                                          | not performed   |
//! | no route, network or host unreachable, no local port or descriptor left          | not performed   |
//! | connection refused, reset or aborted; a socket file that is not there            | refused         |
//! | no answer in time, whether connecting, shaking hands, or in the midst of a body  | timed out       |
//! | TLS handshake fails: certificate expired, unknown, for another name; no TLS      | not as expected |
//! | what answers does not speak the protocol, or closes without an answer            | not as expected |
//! | HTTP/2: the server ends the request or the connection instead of answering       | not as expected |
//! | HTTP: the answer differs from what is expected; redirects are not followed       | not as expected |
//! | command: exit code other than 0, or a signal                                     | not as expected |
//! | command: not found, not executable, exit code 126 or 127; no container to run in | not performed   |
//! | PostgreSQL: any error of the server, unless below (see `postgres`)               | not as expected |
//! | PostgreSQL: credentials or rights do not suffice, the query cannot be parsed     | not performed   |
//! | Redis: an error such as `LOADING`, `MASTERDOWN` (see `redis`)                    | not as expected |
//! | Redis: credentials missing, wrong, or without the right to `PING`                | not performed   |
//! | container: see `backout_core::detect::compare_containers`; unclear               | not performed   |
//!
//! Queries of Prometheus are no probes (see `promql`): whatever happens to them, they blame nobody.
//!
//! Credentials of the probe that no longer work blame nobody: the probe has them from the configuration, not from the
//! application.

mod client;
mod connect;
mod container;
mod exec;
mod http;
mod outcome;
mod postgres;
mod promql;
mod redact;
mod redis;
mod tls;
mod trust;

pub use client::{ProbeClient, Wiring};
pub(crate) use connect::Endpoint;
pub use exec::{ContainerExec, ContainerOutput, NotExecuted};
pub use promql::PromClient;
pub(crate) use redis::decoded;
pub(crate) use tls::Tls;
pub use tls::{client_tls, install_crypto};
