//! What the tests share: a client for a configured channel, letters of a run, and a receiver that takes everything.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::{Channel, Notifier as Configured, Notify, SecretOrText, SecretRef};
use backout_core::id::{EnvironmentName, RunId};
use backout_core::notify::{Event, Letter, Notice, Severity, letter};
use backout_core::port::{Delivered, NotDelivered, Notifier as _, Threads};
use backout_testkit::manual_clock::ManualClock;
use backout_testkit::receiver::{Answer, HttpReceiver, Received};
use jiff::Timestamp;

use crate::command::Environment;
use crate::notify::{NotifyClient, Wiring};
use crate::secret::Secrets;

pub(super) const TOKEN: &str = "planted-token";

/// A reference that stands for [`TOKEN`].
pub(super) fn token() -> SecretOrText {
    SecretOrText::Secret(SecretRef::Env("TOKEN".to_owned()))
}

/// A reference that stands for the address of a webhook.
pub(super) fn address() -> SecretOrText {
    SecretOrText::Secret(SecretRef::Env("ADDRESS".to_owned()))
}

/// A client; `address` is what [`address`] stands for.
pub(super) fn client(channel: Channel, address: &str, folder: PathBuf) -> NotifyClient {
    let variables = [("TOKEN", TOKEN), ("ADDRESS", address)];
    let environment: Environment = variables.map(|(name, value)| (name.into(), value.into())).into();
    let wiring = Wiring {
        secrets: Arc::new(Secrets::new(environment.clone(), folder.clone())),
        environment,
        folder,
        clock: Arc::new(ManualClock::at(Timestamp::from_second(1_700_000_000).unwrap())),
    };
    let timeout = Duration::from_secs(20);
    let configured = Configured { channel, on: BTreeSet::new(), at_least: Severity::Info, template: None, timeout };
    NotifyClient::new(wiring, configured)
}

/// A letter of the run `run-1`.
pub(super) fn of_run(event: Event) -> Letter {
    let environment = EnvironmentName::new("staging").unwrap();
    let test = Notice::test("shop", &environment, Timestamp::from_second(1_700_000_000).unwrap(), 1);
    let notice = Notice {
        run: Some(RunId::new("run-1").unwrap()),
        id: format!("run-1/{}", event.word()),
        event,
        severity: event.severity(),
        title: "shop/staging: <it> happened".to_owned(),
        text: "First & second.\n- web: 503".to_owned(),
        ..test
    };
    letter(notice, &Notify::default(), None)
}

/// Sends letters one after the other, each with what the first was delivered as; answers with what the receiver got.
pub(super) async fn told(
    channel: impl FnOnce(String) -> Channel,
    events: &[Event],
    answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
) -> Vec<Received> {
    let receiver = HttpReceiver::start(answer).unwrap();
    let client = client(channel(receiver.url("")), &receiver.url("/hook"), PathBuf::from("/"));
    let mut threads = Threads::default();
    for event in events {
        let delivered = client.send(&of_run(*event), &threads).await.unwrap();
        threads.own = threads.own.or(delivered.reference);
    }
    receiver.received()
}

/// Sends one letter to a receiver that answers so.
pub(super) async fn answered(status: u16, body: &str) -> Result<Delivered, NotDelivered> {
    let body = body.to_owned();
    let receiver = HttpReceiver::start(move |_| Answer::Say(status, body.clone())).unwrap();
    let client = client(Channel::Teams { webhook: address() }, &receiver.url("/hook"), PathBuf::from("/"));
    client.send(&of_run(Event::Held), &Threads::default()).await
}
