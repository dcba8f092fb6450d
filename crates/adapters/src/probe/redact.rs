//! The secrets of one probe: resolved for it, and masked in what it reports.

use backout_core::config::{SecretOrText, Sensitive};
use backout_core::port::{ProbeOutcome, Reading};

use super::outcome::{Performed, not_performed};
use crate::command::Redactor;
use crate::secret::Secrets;

/// What stands in place of credentials.
const MASK: &str = "[redacted]";

/// Resolves secrets and remembers them for as long as the probe lasts.
pub(super) struct Lookup<'a> {
    secrets: &'a Secrets,
    used: Vec<String>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(secrets: &'a Secrets) -> Self {
        Self { secrets, used: Vec::new() }
    }

    /// The text, or what the reference stands for.
    pub(super) async fn text(&mut self, text: &SecretOrText) -> Performed<Sensitive> {
        let value = self.secrets.text(text).await.map_err(not_performed)?;
        self.hide(value.reveal());
        // `Bearer TOKEN`: a server that echoes it may leave the first word out.
        self.hide(value.reveal().split_whitespace().next_back().unwrap_or_default());
        Ok(value)
    }

    /// Masks a text that was found within a secret: the password of an address.
    pub(super) fn hide(&mut self, secret: &str) {
        self.used.push(secret.to_owned());
    }

    /// The text with everything masked that was used or looks like credentials.
    pub(super) fn mask(&self, text: &str) -> String {
        without_credentials(&Redactor::new(self.used.clone()).apply(text))
    }

    /// The reading with everything masked that was used or looks like credentials.
    pub(super) fn masked(self, reading: Reading) -> Reading {
        let mask = |text: &str| self.mask(text);
        let outcome = match &reading.outcome {
            ProbeOutcome::AsExpected { what } => ProbeOutcome::AsExpected { what: mask(what) },
            ProbeOutcome::NotAsExpected { what } => ProbeOutcome::NotAsExpected { what: mask(what) },
            ProbeOutcome::Refused { what } => ProbeOutcome::Refused { what: mask(what) },
            ProbeOutcome::NotPerformed { why } => ProbeOutcome::NotPerformed { why: mask(why) },
            ProbeOutcome::TimedOut { after } => ProbeOutcome::TimedOut { after: *after },
        };
        Reading { outcome, ..reading }
    }
}

/// The text with `user:password@` masked in every address: what a command prints may quote one that nobody told us of.
fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_end = |c: char| c.is_whitespace() || "/?#\"'`<>".contains(c);
        let authority = &part[..part.find(is_end).unwrap_or(part.len())];
        masked.push_str("://");
        match authority.rfind('@') {
            Some(at) => masked.extend([MASK, &part[at..]]),
            None => masked.push_str(part),
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_addresses_are_masked() {
        let text = "cannot reach postgres://app:p@ss@db:5432/shop (see https://docs.example/x@y)";
        let masked = "cannot reach postgres://[redacted]@db:5432/shop (see https://docs.example/x@y)";
        assert_eq!(without_credentials(text), masked);
        assert_eq!(without_credentials("://a@b://c@"), "://[redacted]@b://[redacted]@");
    }

    #[tokio::test]
    async fn a_token_is_masked_with_and_without_its_scheme() {
        let secrets = Secrets::new([("TOKEN".into(), "Bearer t0ken-123".into())].into(), "/");
        let mut lookup = Lookup::new(&secrets);
        let reference = backout_core::config::SecretRef::Env("TOKEN".to_owned());
        lookup.text(&SecretOrText::Secret(reference)).await.unwrap();
        let outcome = ProbeOutcome::NotAsExpected { what: "you sent t0ken-123 as Bearer t0ken-123".to_owned() };
        let masked = lookup.masked(Reading { outcome, latency: None });
        assert_eq!(masked.outcome.what(), "you sent [redacted] as [redacted]");
    }
}
