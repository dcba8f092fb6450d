//! What all connections share, and the clock that drives the controllers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::cluster::{Cluster, Key, clock, kinds, object};
use crate::controllers;
use crate::script::{Instruction, milliseconds};
use crate::wire::Request;

/// The cluster behind its lock, which is never held while anything is waited for.
#[derive(Debug)]
pub(crate) struct Shared {
    cluster: Mutex<Cluster>,
    requests: Mutex<Vec<Request>>,
    /// The newest revision: watches wait for it to move.
    revision: watch::Sender<u64>,
    /// Until when nothing listens.
    away: watch::Sender<Option<Timestamp>>,
    due: Notify,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            cluster: Mutex::new(Cluster::new()),
            requests: Mutex::default(),
            revision: watch::Sender::new(0),
            away: watch::Sender::new(None),
            due: Notify::new(),
        }
    }

    /// Looks at the cluster.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Cluster) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the cluster, and lets the controllers and the watches see it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Cluster) -> T) -> T {
        let mut cluster = self.lock();
        let result = change(&mut cluster);
        cluster.settle();
        self.revision.send_replace(cluster.store.revision());
        drop(cluster);
        self.due.notify_one();
        result
    }

    /// Takes in an instruction.
    pub(crate) fn tell(&self, instruction: Instruction) {
        match instruction {
            Instruction::Away(count) => {
                let until = crate::cluster::after(clock::now(), milliseconds(count));
                self.away.send_replace(Some(until));
            }
            Instruction::Expire => self.change(|cluster| cluster.store.expire()),
            Instruction::Become { namespace, workload, behaviour } => self.change(|cluster| {
                for pod in controllers::pods_of_workload(cluster, &namespace, &workload) {
                    if let Some(run) = cluster.runs.get_mut(object::uid(&pod)) {
                        run.started = clock::now();
                        run.behaviours.values_mut().for_each(|of_container| *of_container = behaviour);
                    }
                    cluster.store.unseen.insert(Key::new(&kinds::PODS, &namespace, object::name(&pod)));
                }
            }),
            other => self.change(|cluster| {
                cluster.script.learn(other);
                let applications: Vec<Key> =
                    cluster.store.list(&kinds::APPLICATIONS, "").map(|(key, _)| key.clone()).collect();
                cluster.store.unseen.extend(applications);
            }),
        }
    }

    pub(crate) fn note(&self, request: Request) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn forget_requests(&self) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    pub(crate) fn absences(&self) -> watch::Receiver<Option<Timestamp>> {
        self.away.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the controllers do what is due, and says how long until the next.
    fn settle(&self) -> Option<Duration> {
        let mut cluster = self.lock();
        let due = cluster.settle();
        self.revision.send_if_modified(|revision| {
            let has_moved = *revision != cluster.store.revision();
            *revision = cluster.store.revision();
            has_moved
        });
        due.map(|due| Duration::try_from(due.duration_since(clock::now())).unwrap_or_default())
    }
}

/// Drives the controllers as time passes.
pub(crate) async fn tick(shared: std::sync::Arc<Shared>) {
    loop {
        match shared.settle() {
            Some(wait) => {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = shared.due.notified() => {}
                }
            }
            None => shared.due.notified().await,
        }
    }
}

/// An answer of the side server as JSON text.
pub(crate) fn json_text(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap_or(Value::Null).to_string()
}
