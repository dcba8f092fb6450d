//! Signals that come from queries.

use crate::config::SecretOrText;
use crate::config::leaf::{Bytes, HttpUrl, Period, Word};
use crate::config::read::{Map, Scalar, raw};

raw! {
    /// A signal from Prometheus: a query of one number, `promql`, or counters, `requests` and `errors`.
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
        /// Address of the Prometheus server, or of one that answers as it does, with the path that its API stands below.
        server: required Scalar<HttpUrl>,
        /// Headers that are sent. Values may be references such as `env:TOKEN`.
        headers: optional Map<Scalar<SecretOrText>>,
        /// Who asks, where the server wants a name and a password.
        basic_auth: optional RawLogin,
        /// What is asked of the server's certificate.
        tls: optional RawServerTls,
        /// With fewer samples than this, nothing is concluded. Default 0; for counters 30 requests.
        min_samples: optional Scalar<u32>,
        /// Time between two queries. Default 5s.
        every: optional Scalar<Period>,
        /// How long one query may take. Default 5s.
        timeout: optional Scalar<Period>,
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
