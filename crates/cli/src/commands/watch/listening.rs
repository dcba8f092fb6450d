//! Listening for webhooks beside the watch, and keeping what they tell: the state of alerts at once, records as soon as nobody
//! holds the environment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_adapters::listen::{Door, Doorway, Listener, News};
use backout_adapters::secret::Secrets;
use backout_core::journal::{Announcement, Body};
use backout_engine::clock::SystemClock;
use backout_engine::store::SqliteStore;
use backout_engine::{World, note};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::passes::successor;
use super::scraped::Scraped;
use super::teller::Teller;
use crate::error::CliError;
use crate::wire::Setup;

/// How often it is said that somebody listens.
const BEATS: Duration = Duration::from_secs(10);
/// How much that was told may wait to be kept.
const QUEUE: usize = 256;
/// How many records may wait until nobody holds the environment; those that come then are not recorded.
const WAITING: usize = 1_000;
/// Time between two tries to record.
const AGAIN: Duration = Duration::from_secs(1);
/// How long what was said about a deploy is taken to be about the next one.
const ABOUT_NEXT: SignedDuration = SignedDuration::from_mins(15);

/// What was said about a deploy that is yet to be noticed.
#[derive(Clone, Default)]
pub(super) struct Announced(Arc<Mutex<Option<(Announcement, Timestamp)>>>);

impl Announced {
    /// What was said last, unless that was long ago.
    pub(super) fn newest(&self, now: Timestamp) -> Option<Announcement> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        (now.duration_since(said.1) < ABOUT_NEXT).then_some(said.0)
    }

    /// It was about a deploy that is over.
    pub(super) fn is_used(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn say(&self, said: Announcement, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((said, now));
    }
}

/// Listens until it is dropped.
pub(super) struct Listening {
    announced: Announced,
    _tasks: JoinSet<()>,
}

impl Listening {
    /// Begins to listen.
    ///
    /// # Errors
    /// Where the address or a secret cannot be had.
    pub(super) async fn begin(
        setup: &Setup,
        world: &World,
        teller: &Arc<Teller>,
        address: &str,
    ) -> Result<Self, CliError> {
        let (sender, told) = mpsc::channel(QUEUE);
        let secrets = Secrets::new(setup.process.variables.clone(), setup.found.folder());
        let scraped = Arc::new(Scraped::new(Arc::clone(&setup.store), world, teller));
        let metrics = Box::new(move || Arc::clone(&scraped).text());
        let way = Doorway { news: sender, metrics, clock: Arc::new(SystemClock) };
        let door = Arc::new(Door::new(&setup.environment.watch, &secrets, way).await?);
        let listener = Listener::bind(address).await?;
        let (at, hooks) = (listener.address(), setup.environment.watch.hooks.keys());
        if !at.ip().is_loopback() {
            setup.ui.warn(&format!("webhooks are listened for on {at}, without TLS: put a proxy with TLS before it"));
        }
        let hooks: Vec<String> = hooks.map(|name| format!("/hooks/{name}")).collect();
        setup.ui.say(&format!("listening on http://{at}: /metrics, /healthz{}{}", comma(&hooks), hooks.join(", ")));
        let announced = Announced::default();
        let keeper = Keeper {
            store: Arc::clone(&setup.store),
            world: world.clone(),
            holder: successor(setup).holder,
            announced: announced.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(beat(Arc::clone(&setup.store), world.clone()));
        tasks.spawn(keeper.keep(told));
        tasks.spawn(listener.serve(door));
        Ok(Self { announced, _tasks: tasks })
    }

    /// What is said about deploys.
    pub(super) fn announced(&self) -> Announced {
        self.announced.clone()
    }
}

fn comma(hooks: &[String]) -> &'static str {
    if hooks.is_empty() { "" } else { ", " }
}

/// Says again and again that somebody listens. A journal that is full or busy is waited for.
async fn beat(store: Arc<SqliteStore>, world: World) {
    loop {
        drop(store.listens(&world.environment.name, world.clock.now()).await);
        world.clock.sleep(BEATS).await;
    }
}

struct Keeper {
    store: Arc<SqliteStore>,
    world: World,
    holder: String,
    announced: Announced,
}

impl Keeper {
    async fn keep(self, mut told: mpsc::Receiver<News>) {
        let mut waiting: Vec<Body> = Vec::new();
        loop {
            let news = tokio::select! {
                news = told.recv() => news,
                () = self.world.clock.sleep(AGAIN), if !waiting.is_empty() => {
                    self.record(&mut waiting).await;
                    continue;
                }
            };
            let Some(news) = news else { return };
            let bodies = self.bodies(news).await;
            let room = WAITING.saturating_sub(waiting.len());
            waiting.extend(bodies.into_iter().take(room));
            self.record(&mut waiting).await;
        }
    }

    /// The records of what was told, once what every process can see is kept.
    async fn bodies(&self, news: News) -> Vec<Body> {
        let now = self.world.clock.now();
        match news {
            News::Alerts(heard) => {
                let changed = self.store.keep_heard(&self.world.environment.name, heard, now).await;
                changed.unwrap_or_default().into_iter().map(|heard| Body::AlertHeard { heard }).collect()
            }
            News::Deploy(announced) => {
                self.announced.say(announced.clone(), now);
                vec![Body::DeployAnnounced { announced }]
            }
        }
    }

    /// Records what waits, unless somebody holds the environment.
    async fn record(&self, waiting: &mut Vec<Body>) {
        if !waiting.is_empty() && note(&self.world, &self.holder, waiting).await.unwrap_or(false) {
            waiting.clear();
        }
    }
}
