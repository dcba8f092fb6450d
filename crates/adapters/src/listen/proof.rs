//! Whether whoever asks knows the secret. Every comparison takes as long whether it is right or wrong.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backout_core::config::HookProof;
use backout_core::hook::{Refused, Replays, Signed, signed_text};
use backout_core::port::PortError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use jiff::Timestamp;
use ring::hmac;

use crate::secret::Secrets;

/// How a hook knows who asks, with the secrets at hand.
pub(super) enum Proof {
    /// By a header that has this value; kept as a code of it.
    Header(Box<Header>),
    /// By a signature.
    Signature(Box<Signature>),
}

pub(super) struct Header {
    key: hmac::Key,
    expected: hmac::Tag,
}

pub(super) struct Signature {
    key: hmac::Key,
    signature_header: String,
    timestamp_header: String,
    window: Duration,
    replays: Mutex<Replays>,
}

impl Proof {
    /// Looks the secrets up.
    ///
    /// # Errors
    /// Where one is not there, or is empty.
    pub(super) async fn of(name: &str, proof: &HookProof, secrets: &Secrets) -> Result<Self, PortError> {
        let text = async |of: &backout_core::config::SecretOrText| {
            let found = secrets.text(of).await.map_err(|error| {
                PortError::new(format!("the secret of hook `{name}` cannot be had: {error}")).hint(error.hint())
            })?;
            if found.reveal().is_empty() {
                let what = format!("the secret of hook `{name}` is empty, so anybody would know it");
                return Err(PortError::new(what).hint("set it to something that nobody can guess"));
            }
            Ok(found)
        };
        Ok(match proof {
            HookProof::Token(token) => Self::header(&format!("Bearer {}", text(token).await?.reveal()))?,
            HookProof::Login(login) => {
                let (user, password) = (text(&login.user).await?, text(&login.password).await?);
                let both = STANDARD.encode(format!("{}:{}", user.reveal(), password.reveal()));
                Self::header(&format!("Basic {both}"))?
            }
            HookProof::Signature { secret, signature_header, timestamp_header, window } => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, text(secret).await?.reveal().as_bytes());
                Self::Signature(Box::new(Signature {
                    key,
                    signature_header: signature_header.clone(),
                    timestamp_header: timestamp_header.clone(),
                    window: *window,
                    replays: Mutex::default(),
                }))
            }
        })
    }

    fn header(value: &str) -> Result<Self, PortError> {
        let random = ring::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random)
            .map_err(|_| PortError::new("this machine has no random numbers"))?;
        let expected = hmac::sign(&key, value.as_bytes());
        Ok(Self::Header(Box::new(Header { key, expected })))
    }

    /// What can be said before the body is read.
    ///
    /// # Errors
    /// [`Refused::Forged`] where whoever asks does not know the secret; of signed requests, where they are not signed at all.
    pub(super) fn by_headers(&self, headers: &HeaderMap) -> Result<(), Refused> {
        match self {
            Self::Header(header) => {
                let given = headers.get(AUTHORIZATION).map(hyper::header::HeaderValue::as_bytes).unwrap_or_default();
                hmac::verify(&header.key, given, header.expected.as_ref()).map_err(|_| Refused::Forged)
            }
            Self::Signature(signature) => signature.read(headers).map(drop),
        }
    }

    /// Whether the body is what was signed, lately. Nothing is remembered yet.
    ///
    /// # Errors
    /// [`Refused::Forged`] and [`Refused::Stale`].
    pub(super) fn by_body(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        (now, since): (Timestamp, Timestamp),
    ) -> Result<(), Refused> {
        let Self::Signature(signature) = self else { return Ok(()) };
        let signed = signature.read(headers)?;
        let text = signed_text(&signed.timestamp, body);
        hmac::verify(&signature.key, &text, &signed.signature).map_err(|_| Refused::Forged)?;
        signed.is_fresh(now, signature.window, since)
    }

    /// Remembers that the request was taken.
    ///
    /// # Errors
    /// [`Refused::Replayed`] where it was before.
    pub(super) fn take(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Refused> {
        let Self::Signature(signature) = self else { return Ok(()) };
        let signed = signature.read(headers)?;
        let mut replays = signature.replays.lock().unwrap_or_else(PoisonError::into_inner);
        replays.take(&signed, now, signature.window)
    }
}

impl Signature {
    fn read(&self, headers: &HeaderMap) -> Result<Signed, Refused> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Signed::read(text(&self.timestamp_header), text(&self.signature_header))
    }
}
