//! Probes and what they expect.

use std::time::Duration;

use super::Argv;
use crate::config::leaf::{Address, HttpUrl, Pattern, Period, Word};
use crate::config::read::{Any, Map, OneOrMany, Scalar, raw};
use crate::config::{Connection, HttpMethod, Place, Protocol, SecretOrText, StatusRange};
use crate::id::{ProbeName, ServiceName};

raw! {
    /// One way to measure health: exactly one of `http`, `tcp`, `exec`, `postgres`, `redis` and `container`.
    RawProbe {
        /// The name of a smoke check. Other probes are named by their key.
        name: optional Scalar<ProbeName>,
        /// Smoke checks: the service in whose container it runs, with `in: container`.
        service: optional Scalar<ServiceName>,
        /// Smoke checks: whether it is told and stands in the way of nothing. Default false.
        advisory: optional Scalar<bool>,
        /// An HTTP answer: the address that is asked.
        http: optional Scalar<HttpUrl>,
        /// HTTP: the method. Default GET; with `send` POST.
        method: optional Scalar<HttpMethod>,
        /// HTTP: what is sent, as it is: a text, or a reference such as `file:order.json`. It is JSON unless `headers` has a `content-type`.
        send: optional Scalar<SecretOrText>,
        /// HTTP: headers that are sent. Values may be references such as `env:TOKEN`.
        headers: optional Map<Scalar<SecretOrText>>,
        /// HTTP: a `new` connection for each request (default), or `reuse` the one of the time before where it is still open.
        connection: optional Scalar<Connection>,
        /// HTTP: `http1` (default) or `http2`.
        protocol: optional Scalar<Protocol>,
        /// HTTP: what the answer must be. Default: a status of 2xx.
        expect: optional RawExpect,
        /// Whether a connection is accepted: `HOST:PORT`.
        tcp: optional Scalar<Address>,
        /// Whether a command exits 0: a list is a program with its arguments, a text is run by `sh -c`.
        exec: optional Argv,
        /// Command: where it runs, on the `host` (default) or inside the service's `container`.
        r#in: optional Scalar<Place>,
        /// Whether PostgreSQL answers a query: a reference such as `env:DATABASE_URL`, or an address without a password.
        postgres: optional Scalar<SecretOrText>,
        /// PostgreSQL: the query. Default: the simplest there is.
        query: optional Scalar<String>,
        /// Whether Redis answers `PING`: a reference, or an address without a password.
        redis: optional Scalar<SecretOrText>,
        /// The container's own state and health check: `{}`. A Compose service has it by itself.
        container: optional RawContainer,
        /// Time between two measurements at rest. Default 1s.
        every: optional Scalar<Period>,
        /// How long one measurement may take. Default 2s; of a smoke command 60s.
        timeout: optional Scalar<Period>,
        /// How long after its start the service may fail the probe. Default: as the platform says, else 10s for connections that are refused.
        start_period: optional Scalar<Duration>,
        /// Whether it measures something that the service depends on: while that fails, nothing is held against a deploy. Default false.
        dependency: optional Scalar<bool>,
    }
}

raw! {
    /// A container's own state; there is nothing to set.
    RawContainer {}
}

raw! {
    /// What an HTTP answer must be.
    RawExpect {
        /// The status: `200`, `2xx`, or a list of them. Default 2xx.
        status: optional OneOrMany<Scalar<StatusRange>>,
        /// JSON that the body must contain: objects may have more members, everything else is equal.
        json: optional Any,
        /// A regular expression that must match somewhere in the body.
        body: optional Scalar<Pattern>,
        /// Headers that the answer must have, with exactly these values.
        header: optional Map<Scalar<Word>>,
        /// The answer must take less than this.
        latency_below: optional Scalar<Period>,
        /// What is asked of the server's certificate.
        tls: optional RawTls,
    }
}

raw! {
    /// What is asked of a server's certificate.
    RawTls {
        /// Whether it must be valid. Default true.
        verify: optional Scalar<bool>,
        /// A file of certificates in PEM that are trusted beside those of the system.
        ca: optional Scalar<Word>,
        /// It must be valid for at least this long from now.
        expires_in: optional Scalar<Period>,
    }
}
