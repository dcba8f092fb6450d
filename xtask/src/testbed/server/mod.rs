//! Servers that tests speak to, each Debian's own.

mod postgres;
mod prometheus;
mod proxies;
mod redis;
mod registry;

pub(super) use postgres::start as postgres;
pub(super) use prometheus::start as prometheus;
pub(super) use proxies::start as proxies;
pub(super) use redis::start as redis;
pub(super) use registry::start as registry;
