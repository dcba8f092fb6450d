//! The client: looks the secrets up, chooses how somebody is told, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use backout_core::config::{Channel, Notifier as Configured, SecretOrText};
use backout_core::notify::Letter;
use backout_core::port::{Clock, Delivered, NotDelivered, Notifier, Pending, Threads};

use super::http::{Asker, Request};
use super::{chat, mail, pager, slack, status, webhook};
use crate::command::{Environment, Redactor};
use crate::secret::Secrets;

/// What somebody is told with.
#[derive(Clone)]
pub struct Wiring {
    /// Where secrets are looked up.
    pub secrets: Arc<Secrets>,
    /// Where proxies are named: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`.
    pub environment: Environment,
    /// Where relative paths start: the folder of the configuration.
    pub folder: PathBuf,
    /// Time, for signatures.
    pub clock: Arc<dyn Clock>,
}

/// Tells one who is configured.
pub struct NotifyClient {
    wiring: Wiring,
    configured: Configured,
}

/// Secrets that were looked up for one letter.
pub(super) struct Lookup<'a> {
    secrets: &'a Secrets,
    seen: Vec<String>,
}

impl Lookup<'_> {
    /// What a reference stands for.
    pub(super) async fn text(&mut self, text: &SecretOrText) -> Result<String, NotDelivered> {
        let found = self.secrets.text(text).await.map_err(|error| NotDelivered::for_now(error.to_string()))?;
        self.seen.push(found.reveal().to_owned());
        Ok(found.reveal().to_owned())
    }
}

impl NotifyClient {
    /// A client for one who is configured.
    #[must_use]
    pub fn new(wiring: Wiring, configured: Configured) -> Self {
        crate::probe::install_crypto();
        Self { wiring, configured }
    }

    async fn tell(
        &self,
        lookup: &mut Lookup<'_>,
        letter: &Letter,
        threads: &Threads,
    ) -> Result<Delivered, NotDelivered> {
        // Only for those who are told over HTTP: a letter needs no certificates that the system trusts.
        let asker = || Asker::new(&self.wiring.environment, self.configured.timeout);
        let requests = match &self.configured.channel {
            Channel::Slack { webhook } => vec![slack::webhook(&lookup.text(webhook).await?, letter)],
            Channel::SlackBot { token, channel, server } => {
                let bot = slack::Bot { token: &lookup.text(token).await?, channel, server: server.as_deref() };
                return bot.tell(&asker()?, letter, threads).await;
            }
            Channel::Teams { webhook } => vec![chat::teams(&lookup.text(webhook).await?, letter)],
            Channel::Discord { webhook } => vec![chat::discord(&lookup.text(webhook).await?, letter)],
            Channel::Webhook { webhook, secret } => {
                let url = lookup.text(webhook).await?;
                let secret = match secret {
                    Some(secret) => Some(lookup.text(secret).await?),
                    None => None,
                };
                vec![webhook::request(&url, secret.as_deref(), letter, self.wiring.clock.now())]
            }
            Channel::PagerDuty { token, server } => {
                pager::pagerduty(server.as_deref(), &lookup.text(token).await?, letter)
            }
            Channel::Opsgenie { token, server } => {
                pager::opsgenie(server.as_deref(), &lookup.text(token).await?, letter)
            }
            Channel::Status(page) => {
                let token = lookup.text(&page.token).await?;
                return status::tell(&asker()?, page, &token, letter, threads).await;
            }
            Channel::Email(configured) => {
                let password = match &configured.login {
                    Some((_, password)) => Some(lookup.text(password).await?),
                    None => None,
                };
                let post =
                    mail::Post { mail: configured, folder: &self.wiring.folder, timeout: self.configured.timeout };
                return post.send(password, letter).await;
            }
        };
        all(&asker()?, requests).await
    }
}

/// One request after the other.
async fn all(asker: &Asker, requests: Vec<Request>) -> Result<Delivered, NotDelivered> {
    for request in &requests {
        asker.ask(request).await?;
    }
    Ok(Delivered::default())
}

impl Notifier for NotifyClient {
    fn send<'a>(&'a self, letter: &'a Letter, threads: &'a Threads) -> Pending<'a, Result<Delivered, NotDelivered>> {
        Box::pin(async move {
            let mut lookup = Lookup { secrets: &self.wiring.secrets, seen: Vec::new() };
            let limit = self.configured.timeout;
            let told = match tokio::time::timeout(limit, self.tell(&mut lookup, letter, threads)).await {
                Ok(told) => told,
                Err(_) => Err(NotDelivered::for_now(format!("there was no answer within {} s", limit.as_secs_f32()))),
            };
            let redactor = Redactor::new(lookup.seen);
            told.map_err(|failure| NotDelivered { what: redactor.apply(&failure.what), ..failure })
        })
    }

    fn prepared(&self) -> Pending<'_, Result<(), NotDelivered>> {
        Box::pin(async move {
            let mut lookup = Lookup { secrets: &self.wiring.secrets, seen: Vec::new() };
            for secret in secrets(&self.configured.channel) {
                lookup.text(secret).await?;
            }
            Ok(())
        })
    }
}

/// The references of a channel.
fn secrets(channel: &Channel) -> Vec<&SecretOrText> {
    match channel {
        Channel::Slack { webhook } | Channel::Teams { webhook } | Channel::Discord { webhook } => vec![webhook],
        Channel::Webhook { webhook, secret } => std::iter::once(webhook).chain(secret).collect(),
        Channel::SlackBot { token, .. } | Channel::PagerDuty { token, .. } | Channel::Opsgenie { token, .. } => {
            vec![token]
        }
        Channel::Status(page) => vec![&page.token],
        Channel::Email(mail) => mail.login.iter().map(|(_, password)| password).collect(),
    }
}
