//! Objects of one kind in one namespace, kept up to date by one list and one watch: looking again costs no request.
//!
//! Contract: what is told is at most as old as the watch, and a watch that is broken is told as such: not to see is not the
//! same as to see nothing.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::BackoffBuilder as _;
use backout_core::port::PortError;
use futures_util::StreamExt;
use kube::runtime::watcher;
use kube::{Api, ResourceExt, core::DynamicObject};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::access::Access;
use super::server::Server;
use super::{Kind, failed};

/// The shortest and the longest time between two tries to watch.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// How often in a row the API server may say that it is busy or broken before that is told: for a moment it often is.
const MOMENTS: u32 = 4;
/// How long the API server keeps a watch open before it is asked for again, in seconds. A connection that died without a
/// word is noticed by then.
const WATCH_SECONDS: u32 = 60;

/// The objects, and whoever keeps them up to date.
pub(crate) struct Live {
    known: Arc<Known>,
    changed: watch::Receiver<u64>,
    keeper: JoinHandle<()>,
    kind: Kind,
    server: Arc<Server>,
}

#[derive(Default)]
struct Known {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Arc<DynamicObject>>,
    /// Objects of a list that has not ended.
    listing: BTreeMap<String, Arc<DynamicObject>>,
    is_listed: bool,
    /// Why nothing has been heard since.
    broken: Option<PortError>,
}

/// What is listed and watched, and where.
struct Source {
    access: Arc<Access>,
    server: Arc<Server>,
    kind: Kind,
}

impl Live {
    /// Begins to list and watch. Ends with the value.
    pub(super) fn start(access: Arc<Access>, server: Arc<Server>, kind: Kind) -> Self {
        let known = Arc::new(Known::default());
        let (tell, changed) = watch::channel(0);
        let source = Source { access, server: Arc::clone(&server), kind };
        let keeper = tokio::spawn(keep(source, Arc::clone(&known), tell));
        Self { known, changed, keeper, kind, server }
    }

    /// All objects, once the first list is there.
    ///
    /// # Errors
    /// The list or the watch does not work.
    pub(crate) async fn all(&self) -> Result<Vec<Arc<DynamicObject>>, PortError> {
        let mut changed = self.changed.clone();
        let seen = changed.wait_for(|_| {
            let state = self.known.state();
            state.is_listed || state.broken.is_some()
        });
        if tokio::time::timeout(self.server.patience(), seen).await.is_err() {
            return Err(self.server.is_silent(self.kind));
        }
        let state = self.known.state();
        match &state.broken {
            Some(error) => Err(error.clone()),
            None => Ok(state.objects.values().cloned().collect()),
        }
    }

    /// The object of that name.
    ///
    /// # Errors
    /// As [`Live::all`].
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Arc<DynamicObject>>, PortError> {
        self.all().await?;
        Ok(self.known.state().objects.get(name).cloned())
    }

    /// Waits until a write of ours is seen: the object as the API server answered with it, or a newer one. Resource versions
    /// grow (the API promises it since 1.35, and every server has kept it before).
    ///
    /// # Errors
    /// It is not seen within 10 seconds.
    pub(crate) async fn reflects(&self, written: &DynamicObject) -> Result<(), PortError> {
        let number = |object: &DynamicObject| object.resource_version().and_then(|version| version.parse::<u64>().ok());
        let wanted = number(written);
        let mut changed = self.changed.clone();
        let seen = changed.wait_for(|_| {
            let state = self.known.state();
            state.objects.get(&written.name_any()).is_some_and(|object| number(object) >= wanted)
        });
        match tokio::time::timeout(Duration::from_secs(10), seen).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(PortError::new(format!("what was written to `{}` is not seen yet", written.name_any()))),
        }
    }

    /// Tells of every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changed.clone();
        changes.mark_unchanged();
        changes
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Known {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn broken(&self, tell: &watch::Sender<u64>, error: PortError) {
        self.state().broken = Some(error);
        tell.send_modify(|count| *count += 1);
    }

    fn take(&self, mut event: watcher::Event<DynamicObject>) {
        if let watcher::Event::Apply(object) | watcher::Event::InitApply(object) = &mut event {
            // Half of what an object weighs, and of no use here: a write that leaves it out leaves it as it is.
            object.metadata.managed_fields = None;
        }
        let mut state = self.state();
        match event {
            watcher::Event::Init => state.listing.clear(),
            watcher::Event::InitApply(object) => drop(state.listing.insert(object.name_any(), Arc::new(object))),
            watcher::Event::InitDone => {
                state.objects = std::mem::take(&mut state.listing);
                state.is_listed = true;
                state.broken = None;
            }
            watcher::Event::Apply(object) => drop(state.objects.insert(object.name_any(), Arc::new(object))),
            watcher::Event::Delete(object) => drop(state.objects.remove(&object.name_any())),
        }
    }
}

/// Follows the objects for good. After anything went wrong everything is listed anew: that, and not a watch on which nothing
/// happens, shows that the API server is there again.
async fn keep(source: Source, known: Arc<Known>, tell: watch::Sender<u64>) {
    let pauses =
        backon::ExponentialBuilder::default().with_min_delay(PAUSES.0).with_max_delay(PAUSES.1).without_max_times();
    let mut pause = pauses.build();
    let mut moments = 0;
    loop {
        let (error, was_listed) = match source.access.api(source.kind).await {
            Ok(api) => follow(&api, &source, &known, &tell).await,
            Err(error) => {
                known.broken(&tell, error);
                tokio::time::sleep(pause.next().unwrap_or(PAUSES.1)).await;
                continue;
            }
        };
        if was_listed {
            pause = pauses.build();
            moments = 0;
        }
        moments += 1;
        let may_pass = is_momentary(&error) || code(&error) == Some(401) && source.access.is_refused().await;
        let is_borne = was_listed && is_interruption(&error) || may_pass && moments < MOMENTS;
        if !is_borne {
            known.broken(&tell, in_words(&source, &error));
        }
        tokio::time::sleep(pause.next().unwrap_or(PAUSES.1)).await;
    }
}

/// Follows the objects until something goes wrong; says what, and whether they had been listed.
async fn follow(
    api: &Api<DynamicObject>,
    source: &Source,
    known: &Known,
    tell: &watch::Sender<u64>,
) -> (watcher::Error, bool) {
    let mut config = watcher::Config::default().timeout(WATCH_SECONDS);
    if let Some(labels) = source.kind.labels() {
        config = config.labels(labels);
    }
    let mut events = pin!(watcher(api.clone(), config));
    let mut is_listed = false;
    loop {
        match events.next().await {
            // A list under way is nothing to tell of before it has ended.
            Some(Ok(event @ (watcher::Event::Init | watcher::Event::InitApply(_)))) => known.take(event),
            Some(Ok(event)) => {
                is_listed = true;
                source.server.has_answered();
                known.take(event);
                tell.send_modify(|count| *count += 1);
            }
            Some(Err(error)) => return (error, is_listed),
            None => return (watcher::Error::NoResourceVersion, is_listed),
        }
    }
}

/// Whether a watch broke off in a way that a new list mends: what was seen until then is a moment old, and not wrong.
fn is_interruption(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchFailed(_) => true,
        watcher::Error::WatchError(status) => status.code == 410,
        _ => false,
    }
}

/// Whether the API server says that it is busy or broken, which passes more often than not.
fn is_momentary(error: &watcher::Error) -> bool {
    code(error).is_some_and(|code| code == 429 || (500..600).contains(&code))
}

/// What the API server answered, where it did.
fn code(error: &watcher::Error) -> Option<u16> {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => Some(status.code),
        watcher::Error::WatchError(status) => Some(status.code),
        _ => None,
    }
}

fn in_words(source: &Source, error: &watcher::Error) -> PortError {
    let what = format!("{} could not be watched", source.kind.plural());
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => match error {
            kube::Error::Service(error) => source.server.is_out_of_reach(error.as_ref()),
            _ => failed(&what, error),
        },
        watcher::Error::WatchError(status) => PortError::new(format!("{what}: {}", status.message)),
        watcher::Error::NoResourceVersion => PortError::new(what),
    }
}
