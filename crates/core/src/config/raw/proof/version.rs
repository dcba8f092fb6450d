//! Where a service says itself which version it is.

use crate::config::SecretOrText;
use crate::config::leaf::{HttpUrl, Period};
use crate::config::read::{Map, Scalar, raw};

raw! {
    /// Where a service says itself which version it is.
    RawVersion {
        /// The address that answers with the version.
        http: required Scalar<HttpUrl>,
        /// Where it stands in a JSON answer: `version`, or `build.version`. Default: the whole text of the answer is the version.
        json: optional Scalar<String>,
        /// Headers that are sent. Values may be references such as `env:TOKEN`.
        headers: optional Map<Scalar<SecretOrText>>,
        /// How long the answer may take. Default 2s.
        timeout: optional Scalar<Period>,
    }
}
