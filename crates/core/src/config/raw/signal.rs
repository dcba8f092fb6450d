//! Signals that come from queries.

use crate::config::SecretOrText;
use crate::config::leaf::{HttpUrl, Period, Word};
use crate::config::read::{Map, Scalar, raw};

raw! {
    /// A signal from a Prometheus query.
    RawSignal {
        /// The query; it gives one number.
        promql: required Scalar<String>,
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
        /// With fewer samples than this, nothing is concluded. Default 0.
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
