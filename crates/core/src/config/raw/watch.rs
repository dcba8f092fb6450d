//! Watching: what is done about deploys that nobody told of, and what others may tell.

use super::RawLogin;
use crate::config::SecretOrText;
use crate::config::leaf::{Address, Period, Word};
use crate::config::read::{Map, Scalar, raw};
use crate::id::ServiceName;

raw! {
    /// What `backout watch` does beside looking.
    RawWatch {
        /// Whether deploys that nobody told of are recorded and watched through a soak. Default true.
        notice: optional Scalar<bool>,
        /// May such a deploy be taken back without asking? Default false: people are told, and the command is named.
        automatic: optional Scalar<bool>,
        /// Where webhooks are listened for, `HOST:PORT`. Default: nowhere. `backout watch --listen` says it as well.
        listen: optional Scalar<Address>,
        /// Webhooks, by name: each is at `/hooks/NAME`. `alertmanager` takes what Alertmanager posts, `deploy` tells of deploys, every other one tells of alerts.
        hooks: optional Map<RawHook>,
        /// Alerts that triggers may look at as `alerts.NAME`.
        alerts: optional Map<RawAlert>,
    }
}

raw! {
    /// One webhook. `alertmanager` has a token or a login, every other one a secret that requests are signed with.
    RawHook {
        /// Alertmanager: the bearer token it sends. A reference such as `env:ALERT_TOKEN`.
        token: optional Scalar<SecretOrText>,
        /// Alertmanager: the name and password it sends.
        basic_auth: optional RawLogin,
        /// Signed hooks: what requests are signed with, HMAC-SHA256 over `TIMESTAMP.BODY`. A reference such as `env:HOOK_KEY`.
        secret: optional Scalar<SecretOrText>,
        /// Signed hooks: the header with the signature. Default `X-Backout-Signature`.
        signature_header: optional Scalar<Word>,
        /// Signed hooks: the header with the time of signing, in seconds since 1970. Default `X-Backout-Timestamp`.
        timestamp_header: optional Scalar<Word>,
        /// Signed hooks: how old a signature may be. Default 5m.
        window: optional Scalar<Period>,
    }
}

raw! {
    /// An alert that is told by a webhook.
    RawAlert {
        /// The labels that what is told must have. Default: `alertname`, which is the alert's name here.
        labels: optional Map<Scalar<String>>,
        /// The service that it is about.
        service: optional Scalar<ServiceName>,
    }
}
