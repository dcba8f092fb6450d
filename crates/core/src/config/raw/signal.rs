//! Signals that stand by themselves: queries, and lines that are logged.

use crate::config::SecretOrText;
use crate::config::leaf::{Bytes, HttpUrl, Pattern, Period, Word};
use crate::config::read::{List, Map, Scalar, raw};
use crate::id::ServiceName;

raw! {
    /// A signal from Prometheus: a query of one number, `promql`, or counters, `requests` and `errors`; or lines that are logged, `logs`.
    RawSignal {
        /// The query; it gives one number.
        promql: optional Scalar<String>,
        /// Requests: a query of counters, best without `sum` and without `rate`: each series is followed by itself.
        requests: optional Scalar<String>,
        /// Those of the requests that failed: a query of counters.
        errors: optional Scalar<String>,
        /// Latencies of the requests: a query of the cumulative buckets of a histogram, with the label `le` in seconds.
        latency: optional Scalar<String>,
        /// Requests of the old version, where it runs beside the new one: a query of counters.
        baseline_requests: optional Scalar<String>,
        /// Those of them that failed.
        baseline_errors: optional Scalar<String>,
        /// Memory in use, in bytes; of several series the greatest counts. Needs `memory_limit`.
        memory: optional Scalar<String>,
        /// How much memory there is for it: `512MiB`, `1GB`.
        memory_limit: optional Scalar<Bytes>,
        /// How far back the time before a deploy is looked at, for counters. Default 30m.
        history: optional Scalar<Period>,
        /// A query that counts what `promql` goes by, for `min_samples`. Default where `promql` is `A / sum(rate(..))`: `sum(increase(..))`.
        samples: optional Scalar<String>,
        /// Lines that are logged, a second.
        logs: optional RawLogSignal,
        /// Address of the Prometheus server, or of one that answers as it does, with the path that its API stands below. Needed by queries.
        server: optional Scalar<HttpUrl>,
        /// Headers that are sent. Values may be references such as `env:TOKEN`.
        headers: optional Map<Scalar<SecretOrText>>,
        /// Who asks, where the server wants a name and a password.
        basic_auth: optional RawLogin,
        /// What is asked of the server's certificate.
        tls: optional RawServerTls,
        /// With fewer samples than this, nothing is concluded. Default 0; for counters 30 requests.
        min_samples: optional Scalar<u32>,
        /// Time between two queries, or two looks at logs. Default 5s.
        every: optional Scalar<Period>,
        /// How long one query may take. Default 5s.
        timeout: optional Scalar<Period>,
    }
}

raw! {
    /// Lines that are logged: how many a second match.
    RawLogSignal {
        /// The services whose instances' output is read.
        services: optional List<Scalar<ServiceName>>,
        /// Files of this host that are read, from where they end when the watch begins.
        files: optional List<Scalar<String>>,
        /// Regular expressions. A line that one of them matches counts.
        matching: required List<Scalar<Pattern>>,
        /// Over how long lines are counted. Default 30s.
        window: optional Scalar<Period>,
    }
}

raw! {
    /// A name and a password.
    RawLogin {
        /// The name, or a reference such as `env:USER`.
        username: required Scalar<SecretOrText>,
        /// The password: a reference such as `env:PASSWORD`.
        password: required Scalar<SecretOrText>,
    }
}

raw! {
    /// What is asked of a server's certificate.
    RawServerTls {
        /// Whether it must be valid. Default true.
        verify: optional Scalar<bool>,
        /// A file with certificates of authorities (PEM) that are trusted beside those of the system.
        ca: optional Scalar<Word>,
    }
}
